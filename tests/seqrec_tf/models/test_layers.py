"""Layers of our own give what Keras' and TensorFlow's give, gradients included."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.models.layers import LayerNormalization, lookup, select

GENERATOR = np.random.default_rng(0)


def _random(*shape: int) -> tf.Tensor:
    return tf.constant(GENERATOR.normal(0, 1, shape), tf.float32)


def _value_and_gradients(function, inputs, upstream) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = function(*inputs)
    gradients = tape.gradient(outputs, inputs, output_gradients=upstream)
    return [outputs.numpy(), *(tf.convert_to_tensor(g).numpy() for g in gradients)]


def _assert_alike(function, reference, inputs, upstream) -> None:
    ours = _value_and_gradients(function, inputs, upstream)
    expected = _value_and_gradients(reference, inputs, upstream)
    for left, right in zip(ours, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rows", [[2], [4, 4, 4], [[1, 0, 4], [4, 2, 1]], np.zeros([0], np.int32)])
def test_lookup_is_gather(rows):
    rows = tf.constant(rows, tf.int32)
    upstream = _random(*rows.shape, 3)
    _assert_alike(
        lambda table: lookup(table, rows),
        lambda table: tf.gather(table, rows),
        [_random(5, 3)],
        upstream,
    )
    table = _random(5, 3)
    np.testing.assert_array_equal(lookup(table, rows, training=False), tf.gather(table, rows))


def test_lookup_has_a_dense_gradient():
    table = tf.ones([4, 2])
    with tf.GradientTape() as tape:
        tape.watch(table)
        outputs = lookup(table, tf.constant([3, 1, 3]))
    gradient = tape.gradient(outputs, table)
    assert isinstance(gradient, tf.Tensor)
    assert gradient.numpy().tolist() == [[0, 0], [1, 1], [0, 0], [2, 2]]


def test_lookup_sums_a_16_bit_gradient_in_32_bits():
    # In bfloat16, 256 + 1 is 256: a sum of ones would stop there.
    table = tf.ones([2, 1], tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(table)
        outputs = lookup(table, tf.ones([1000], tf.int32))
    gradient = tape.gradient(outputs, table)
    assert gradient.dtype == tf.bfloat16
    assert float(gradient[1, 0]) == 1000


@pytest.mark.parametrize(
    "mask",
    [
        [[True, True, False], [True, False, False]],
        [[False, True, False], [False, False, True]],
        [[True] * 3] * 2,
        [[False] * 3] * 2,
    ],
)
def test_select_is_boolean_mask(mask):
    mask = tf.constant(mask)
    _assert_alike(
        lambda values: select(values, mask),
        lambda values: tf.boolean_mask(values, mask),
        [_random(2, 3, 4)],
        _random(int(tf.math.count_nonzero(mask)), 4),
    )


def _normalisations(width: int):
    """Ours and Keras', with the same random weights."""
    layers = LayerNormalization(epsilon=1e-3), keras.layers.LayerNormalization(epsilon=1e-3)
    weights = [GENERATOR.normal(0, 1, width) for _ in range(2)]
    for layer in layers:
        layer.build((None, None, width))
        layer.set_weights(weights)
    return layers


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 8), (4, 8), (1, 1, 1, 8)])
def test_layer_normalization_is_that_of_keras(shape, training):
    results = []
    inputs, upstream = 3 + 2 * _random(*shape), _random(*shape)
    for layer, arguments in zip(_normalisations(8), ({"training": training}, {}), strict=True):
        sources = [inputs, layer.gamma.value, layer.beta.value]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, **arguments)
        results.append([outputs, *tape.gradient(outputs, sources, output_gradients=upstream)])
    for left, right in zip(*results, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)


def test_layer_normalization_by_hand():
    layer = LayerNormalization(epsilon=0.0)
    # Mean 3, variance ((-2)^2 + 0 + 2^2 + 0) / 4 = 2.
    outputs = layer(tf.constant([[1.0, 3.0, 5.0, 3.0]]))
    assert outputs.numpy()[0] == pytest.approx([-(2**0.5), 0, 2**0.5, 0])


def test_layer_normalization_takes_moments_of_16_bit_inputs_in_32_bits():
    layer = LayerNormalization(epsilon=1e-6, dtype="mixed_float16")
    # The squares of these do not fit a float16, which ends at 65,504.
    outputs = layer(tf.constant([[1000.0, -1000.0, 3000.0, -3000.0]], tf.float16))
    assert outputs.dtype == tf.float16
    expected = np.array([1000, -1000, 3000, -3000]) / 5_000_000**0.5
    np.testing.assert_allclose(outputs[0], expected, rtol=1e-3)


def test_layer_normalization_is_read_back_with_its_epsilon():
    layer = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(LayerNormalization(epsilon=0.25))
    )
    assert type(layer) is LayerNormalization and layer.epsilon == 0.25
