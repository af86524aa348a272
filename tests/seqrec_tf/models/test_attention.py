"""Causal attention against the textbook's, with its gradients."""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.models.attention import causal_attention

BATCH, WIDTH, DISTANCES = 2, 3, 9
NO_SEED = tf.constant(0)
HALF = 128  # of 256


def _inputs(heads: int, length: int, dtype=tf.float32):
    """Query, key, value, distance bias, and an upstream gradient."""
    generator = np.random.default_rng(length)
    shape = [BATCH, heads, length, WIDTH]
    shapes = [shape, shape, shape, [heads, DISTANCES], shape]
    return [tf.constant(generator.normal(0, 1, s), dtype) for s in shapes]


def _textbook(query, key, value, distance_bias=None, pair_bias=0.0):
    """Every score computed, the later ones masked."""
    length = query.shape[2]
    scores = tf.matmul(query, key, transpose_b=True)
    distances = np.subtract.outer(np.arange(length), np.arange(length))
    if distance_bias is not None:
        scores += tf.gather(distance_bias, np.maximum(distances, 0), axis=1)
    weights = tf.nn.softmax(tf.where(distances < 0, -np.inf, scores + pair_bias))
    return tf.matmul(weights, value)


def _value_and_gradients(attention, inputs, upstream) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = attention(*inputs)
    gradients = tape.gradient(outputs, inputs, output_gradients=upstream)
    return [outputs.numpy(), *(tf.convert_to_tensor(g).numpy() for g in gradients)]


def _ours(query, key, value, distance_bias=None, training=True):
    return causal_attention(query, key, value, 0, NO_SEED, distance_bias, training)


@pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_value_and_gradients_are_the_textbooks(length, heads, bias):
    *inputs, upstream = _inputs(heads, length)
    inputs = inputs if bias else inputs[:3]
    expected = _value_and_gradients(_textbook, inputs, upstream)
    for left, right in zip(_value_and_gradients(_ours, inputs, upstream), expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)
    # Outside training the gradient is not ours, and on some processors the last bit of a product.
    outside, inside = _ours(*inputs, training=False), _ours(*inputs)
    np.testing.assert_allclose(outside, inside, rtol=0, atol=1e-6)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_bias_of_pairs_is_added_and_has_the_textbooks_gradient(length, heads):
    *inputs, upstream = _inputs(heads, length)
    pairs = np.random.default_rng(1).normal(0, 1, [BATCH, heads, length, length])
    inputs.append(tf.constant(pairs, tf.float32))

    def ours(query, key, value, distance_bias, pair_bias):
        return causal_attention(query, key, value, 0, NO_SEED, distance_bias, pair_bias=pair_bias)

    found = _value_and_gradients(ours, inputs, upstream)
    expected = _value_and_gradients(_textbook, inputs, upstream)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)


def test_equal_scores_average_what_came_before():
    zeros = tf.zeros([1, 1, 3, 1])
    value = tf.constant([3.0, 5.0, 1.0])[tf.newaxis, tf.newaxis, :, tf.newaxis]
    outputs = causal_attention(zeros, zeros, value, 0, NO_SEED)
    assert outputs.numpy().ravel() == pytest.approx([3, (3 + 5) / 2, (3 + 5 + 1) / 3])


def test_the_bias_of_a_distance_is_added_to_the_scores_at_that_distance():
    zeros = tf.zeros([1, 1, 3, 1])
    value = tf.constant([3.0, 5.0, 1.0])[tf.newaxis, tf.newaxis, :, tf.newaxis]
    bias = tf.math.log([[1.0, 2.0, 5.0]])  # e to it: how often a key counts
    outputs = causal_attention(zeros, zeros, value, 0, NO_SEED, bias)
    expected = [3, (2 * 3 + 5) / 3, (5 * 3 + 2 * 5 + 1) / 8]
    assert outputs.numpy().ravel() == pytest.approx(expected)


def test_the_gradient_with_dropout_is_that_of_the_same_mask():
    *inputs, _ = _inputs(heads=2, length=3, dtype=tf.float64)

    def dropped(query, key, value, distance_bias):
        return causal_attention(query, key, value, HALF, tf.constant(7), distance_bias)

    assert not np.allclose(dropped(*inputs), _ours(*inputs))
    # Compiled, because it is called twice for each of the inputs' values.
    theoretical, numerical = tf.test.compute_gradient(tf.function(dropped), inputs, delta=1e-4)
    for left, right in zip(theoretical, numerical, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)


def _weights(seed: int, length: int, rows: int = 200) -> np.ndarray:
    """Weights after dropout, (rows, length, length): equal scores, and the values show them."""
    zeros = tf.zeros([rows, 1, length, length])
    value = tf.eye(length, batch_shape=[rows, 1])
    return causal_attention(zeros, zeros, value, HALF, tf.constant(seed)).numpy()[:, 0]


def test_half_of_the_weights_are_dropped_and_the_others_doubled():
    weights, length = _weights(seed=3, length=8), 8
    even = np.tril(np.ones([length, length]) / np.arange(1, length + 1)[:, np.newaxis])
    visible = np.broadcast_to(even > 0, weights.shape)
    kept = weights[visible] > 0
    assert not weights[~visible].any()
    # 7,200 weights: a standard deviation of 0.006.
    assert kept.mean() == pytest.approx(0.5, abs=0.025)
    np.testing.assert_allclose(
        weights[visible][kept], 2 * np.broadcast_to(even, weights.shape)[visible][kept], rtol=1e-6
    )


def test_the_seed_decides_what_is_dropped():
    np.testing.assert_array_equal(_weights(1, 4), _weights(1, 4))
    assert (_weights(1, 4) != _weights(2, 4)).any()


@pytest.mark.parametrize("words", range(-3, 4))
def test_the_older_and_the_newer_half_are_dropped_independently(words):
    length = 64
    kept = _weights(seed=5, length=length, rows=1)[0] > 0
    older, newer = kept[: length // 2, : length // 2], kept[length // 2 :]
    seen = [np.tril(np.ones(h.shape, bool), k=h.shape[1] - h.shape[0]) for h in (older, newer)]
    # As the mask numbers them: in the order of memory, four to a word.
    one, other = older.ravel(), np.roll(newer.ravel(), 4 * words)[: older.size]
    both = seen[0].ravel() & np.roll(seen[1].ravel(), 4 * words)[: older.size]
    # More than 300 pairs: a standard deviation below 0.03.
    assert both.sum() > 300
    assert (one == other)[both].mean() == pytest.approx(0.5, abs=0.13)
