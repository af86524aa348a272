"""Dropout that costs one pass over its input.

On a CPU, drawing a float for every value takes most of a dropout's time. Here the mask is a hash
of the value's position and the step's seed, a byte each, computed inside the multiplication that
applies it (XLA fuses the two) and computed again, not kept, for the gradient.
`tests/benchmarks/layer_times.py` measures it against Keras' layer.
"""

import keras
import tensorflow as tf

from seqrec_tf.models.gradients import Differentiable

LEVELS = 256  # a mask value is a byte, so the rate is rounded to a multiple of 1 / 256


@keras.saving.register_keras_serializable("seqrec_tf")
class Dropout(keras.layers.Layer):
    """Sets values to 0 at random while training and scales up the others.

    Args:
        rate: share of the values that is dropped, rounded to a multiple of 1/256 below 1.
    """

    def __init__(self, rate: float, **kwargs: object):
        super().__init__(**kwargs)
        self.rate = rate
        self.threshold = min(round(rate * LEVELS), LEVELS - 1)
        self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Any shape, unchanged outside training."""
        threshold, seed = self.draw(training)
        return dropout(inputs, seed, threshold) if threshold else inputs

    def draw(self, training: bool) -> tuple[int, tf.Tensor]:
        """Threshold and a fresh seed of the next mask; threshold 0 outside training."""
        if not training or not self.threshold:
            return 0, tf.constant(0)
        first, second = tf.unstack(tf.cast(self.seed_generator.next(), tf.uint32))
        second += _device() * _word(0x85EBCA77)
        return self.threshold, tf.bitcast(_scramble(first * _word(0x9E3779B1) + second), tf.int32)

    def get_config(self) -> dict:
        """Constructor arguments."""
        return {**super().get_config(), "rate": self.rate}


def dropout(values: tf.Tensor, seed: tf.Tensor, threshold: int) -> tf.Tensor:
    """`values` with the mask of `seed`: one seed, one mask, in the gradient too.

    Args:
        values: any shape, floating point.
        seed: int32 scalar.
        threshold: of 256 values, so many are dropped.
    """

    @tf.custom_gradient
    def masked(inputs: tf.Tensor) -> Differentiable:
        return apply_mask(inputs, seed, threshold), lambda up: apply_mask(up, seed, threshold)

    return masked(values)


@tf.function(jit_compile=True, autograph=False)
def apply_mask(values: tf.Tensor, seed: tf.Tensor, threshold: int) -> tf.Tensor:
    """`dropout` without a gradient of its own."""
    count = tf.size(values)
    words = tf.range((count + 3) // 4)  # four mask bytes a word
    hashed = _scramble(tf.bitcast(words + seed, tf.uint32) * tf.constant(0x9E3779B1, tf.uint32))
    levels = tf.reshape(tf.bitcast(hashed, tf.uint8), [-1])[:count]
    kept = tf.cast(levels >= tf.constant(threshold, tf.uint8), values.dtype)
    return values * tf.reshape(kept, tf.shape(values)) * (LEVELS / (LEVELS - threshold))


def _device() -> tf.Tensor:
    """Number of the device in a distributed step, whose seed generators all stand alike; else 0."""
    context = tf.distribute.get_replica_context()
    return tf.cast(context.replica_id_in_sync_group if context else 0, tf.uint32)


def _scramble(words: tf.Tensor) -> tf.Tensor:
    """A bijection of uint32 in which every input bit moves every output bit."""
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        words = tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _word(shift)))
        words = words * _word(factor)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _word(15)))


def _word(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint32)
