"""Layers that Keras has too, with gradients that take fewer passes over memory.

Training on a CPU is bound by memory traffic, not by arithmetic. `tests/benchmarks/layer_times.py`
measures each of these against its Keras counterpart.
"""

import keras
import tensorflow as tf

from seqrec_tf.models.gradients import Differentiable, with_gradient


def lookup(table: tf.Tensor, rows: tf.Tensor, training: bool = True) -> tf.Tensor:
    """Rows of a table, with a dense gradient.

    `tf.gather` leaves the gradient as slices, which Keras' optimizers first merge, slowly.

    Args:
        table: (rows, dim).
        rows: integers of any shape.
        training: whether gradients will be asked for.

    Returns:
        (*rows.shape, dim).
    """

    def gather(values: tf.Tensor) -> Differentiable:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            flat = tf.reshape(tf.cast(upstream, tf.float32), [-1, tf.shape(values)[1]])
            summed = tf.math.unsorted_segment_sum(flat, tf.reshape(rows, [-1]), values.shape[0])
            return tf.cast(summed, values.dtype)

        return tf.gather(values, rows), gradient

    rows = tf.cast(rows, tf.int32)  # saving a Keras model traces it with floats, too
    return with_gradient(gather, training)(table)


def select(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Vectors where a mask holds, in order; the gradient gathers where TensorFlow's scatters.

    Args:
        values: (batch, length, dim).
        mask: (batch, length) bool.

    Returns:
        (selected, dim).
    """
    flat = tf.reshape(mask, [-1])
    places = tf.where(flat)[:, 0]
    numbers = tf.where(flat, tf.cumsum(tf.cast(flat, tf.int32)), 0)  # from 1; 0: not selected

    @tf.custom_gradient
    def selected(inputs: tf.Tensor) -> Differentiable:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            found = tf.gather(tf.pad(upstream, [[1, 0], [0, 0]]), numbers)
            return tf.reshape(found, tf.shape(inputs))

        return tf.gather(tf.reshape(inputs, [-1, inputs.shape[-1]]), places), gradient

    return selected(values)


@keras.saving.register_keras_serializable("seqrec_tf")
class LayerNormalization(keras.layers.LayerNormalization):
    """Keras' layer over the last axis, with the gradient written out."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(..., dim) -> (..., dim); moments are taken in float32."""
        if not training:
            return super().call(inputs)
        outputs = normalise(tf.cast(inputs, tf.float32), self.epsilon)
        gamma, beta = (
            tf.cast(tf.convert_to_tensor(v), tf.float32) for v in (self.gamma, self.beta)
        )
        return tf.cast(outputs * gamma + beta, self.compute_dtype)


def normalise(values: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Mean 0 and variance 1 over the last axis (Ba et al., arXiv 1607.06450)."""

    @tf.custom_gradient
    def normalised(inputs: tf.Tensor) -> Differentiable:
        centred = inputs - _mean(inputs)
        scale = tf.math.rsqrt(_mean(tf.square(centred)) + epsilon)
        outputs = centred * scale

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return scale * (upstream - _mean(upstream) - outputs * _mean(upstream * outputs))

        return outputs, gradient

    return normalised(values)


def _mean(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(values, axis=-1, keepdims=True)
