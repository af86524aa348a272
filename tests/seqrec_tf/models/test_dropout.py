"""Dropout: how much is dropped, which seed drops what, and that the gradient drops the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.models.dropout import LEVELS, Dropout, dropout

COUNT = 2**18
ONES = tf.ones([COUNT])


def _seed(value: int) -> tf.Tensor:
    return tf.constant(value, tf.int32)


@pytest.mark.parametrize(
    ("rate", "of_256"),
    # 0.2 x 256 = 51.2; 0.001 x 256 = 0.256; at least one level of 256 is always kept.
    [(0.2, 51), (0.5, 128), (1 / 256, 1), (0.001, 0), (0.999, 255)],
)
def test_the_rate_is_the_nearest_multiple_of_a_256th(rate, of_256):
    outputs = Dropout(rate)(ONES, training=True).numpy()
    share = of_256 / LEVELS
    deviation = (share * (1 - share) / COUNT) ** 0.5
    assert (outputs == 0).mean() == pytest.approx(share, abs=4 * deviation)
    assert np.unique(outputs[outputs != 0]) == pytest.approx([1 / (1 - share)])


def test_the_mean_is_kept():
    values = tf.random.stateless_uniform([COUNT], [1, 2], 1, 3)
    # Doubled or dropped: a value's standard deviation is about 2, the mean's 2 / 512.
    assert dropout(values, _seed(4), 128).numpy().mean() == pytest.approx(2, abs=0.02)


def test_every_call_drops_other_values():
    layer = Dropout(0.5)
    masks = [layer(ONES, training=True).numpy() > 0 for _ in range(4)]
    for number, mask in enumerate(masks):
        for other in masks[:number]:
            # Two independent masks agree on half of 262,144 values: a deviation of 0.001.
            assert (mask == other).mean() == pytest.approx(0.5, abs=0.005)


def test_two_layers_of_one_step_drop_other_values():
    keras.utils.set_random_seed(0)
    one, other = (Dropout(0.5)(ONES, training=True).numpy() > 0 for _ in range(2))
    assert (one == other).mean() == pytest.approx(0.5, abs=0.005)


def test_neighbours_are_dropped_independently():
    kept = dropout(ONES, _seed(9), 128).numpy() > 0
    for distance in (1, 2, 3, 4, 8, 64, 4096):
        agree = (kept[distance:] == kept[:-distance]).mean()
        assert agree == pytest.approx(0.5, abs=0.005)


def test_the_same_state_gives_the_same_masks():
    layer = Dropout(0.3)
    state = layer.seed_generator.state
    before = state.numpy()
    first = [layer(ONES, training=True).numpy() for _ in range(2)]
    state.assign(before)
    again = [layer(ONES, training=True).numpy() for _ in range(2)]
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("shape", [[5], [3, 7], [2, 3, 5, 7], [0, 4]])
def test_the_gradient_has_the_mask_of_the_value(shape):
    values = tf.ones(shape)
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = dropout(values, _seed(11), 64)
    np.testing.assert_array_equal(tape.gradient(outputs, values), outputs)
    assert outputs.shape == shape


def test_a_compiled_step_draws_anew_and_its_gradient_has_the_same_mask():
    layer = Dropout(0.5)

    @tf.function
    def step(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = layer(values, training=True)
        return outputs, tape.gradient(outputs, values)

    first, second = step(ONES), step(ONES)
    for outputs, gradient in (first, second):
        np.testing.assert_array_equal(outputs, gradient)
    assert (first[0].numpy() != second[0].numpy()).any()  # not one mask for all steps


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32])
def test_the_precision_stays(dtype):
    outputs = dropout(tf.ones([1000], dtype), _seed(1), 128)
    assert outputs.dtype == dtype
    assert set(np.unique(tf.cast(outputs, tf.float32))) == {0, 2}


def test_nothing_is_dropped_outside_training():
    layer = Dropout(0.5)
    np.testing.assert_array_equal(layer(ONES), ONES)
    assert layer.draw(False)[0] == 0


def test_the_configuration_is_read_back():
    assert Dropout.from_config(Dropout(0.3).get_config()).rate == 0.3
