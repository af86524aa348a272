"""Encoders that read times: what they see of them, what they forget, and that both are kept."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from helpers.tensors import ragged

from seqrec_tf.models import Blend, ItemItem, build_encoder, load_encoder
from seqrec_tf.models.encoder import FORGOTTEN
from seqrec_tf.settings.config import EncoderConfig

ITEMS, WINDOW, DIM = 20, 6, 8
ROWS = [[3, 1, 4, 1, 5]]
TIMES = [[100, 110, 500, 9_000, 9_001, 20_000]]  # of the five items, and of the request
SETTINGS = [
    {"encoder": "gru4rec"},
    {"encoder": "sasrec", "heads": 2, "positions": "relative"},
    {"encoder": "sasrec", "heads": 1, "positions": "learned", "gated": True},
]


def build(settings: dict, **others):
    """An encoder whose weights are all random, so that whatever is read shows in its output."""
    config = EncoderConfig(window=WINDOW, dim=DIM, layers=2, dropout=0.0, time_bias=True)
    encoder = build_encoder(dataclasses.replace(config, **settings, **others), ITEMS)
    generator = np.random.default_rng(0)
    for variable in encoder.trainable_variables:
        variable.assign(generator.normal(0, 0.5, variable.shape))
    return encoder


@pytest.fixture(params=SETTINGS, ids=["gru4rec", "relative", "gated"])
def encoder(request):
    return build(request.param)


def at_all(encoder, times=TIMES, rows=ROWS) -> np.ndarray:
    return encoder(tf.constant(rows), tf.constant(times, tf.int64)).numpy()[0]


def encoded(encoder, rows: list[list[int]], times: list[list[int]]) -> np.ndarray:
    return encoder.encode(ragged(rows), ragged(times, tf.int64)).numpy()


def test_a_later_time_changes_no_earlier_output(encoder):
    before = at_all(encoder)
    for place in range(1, 6):  # of the item there, which is asked for at the place before it
        other = [[*TIMES[0][:place], *(time + 7_777 for time in TIMES[0][place:])]]
        after = at_all(encoder, other)
        np.testing.assert_allclose(after[: place - 1], before[: place - 1], rtol=0, atol=1e-5)
        assert not np.allclose(after[place - 1], before[place - 1], rtol=0, atol=1e-3)


def test_only_what_lies_between_counts(encoder):
    later = [[time + 1_000_000 for time in TIMES[0]]]
    np.testing.assert_allclose(at_all(encoder, later), at_all(encoder), rtol=0, atol=1e-5)


def test_without_times_all_are_unknown(encoder):
    expected = at_all(encoder, [[0] * 6])
    np.testing.assert_array_equal(encoder(tf.constant(ROWS)).numpy()[0], expected)
    assert not np.allclose(expected, at_all(encoder), rtol=0, atol=1e-3)
    found = encoder.encode(ragged(ROWS)).numpy()
    np.testing.assert_allclose(found, expected[-1:], rtol=0, atol=1e-5)


def test_a_history_is_encoded_alike_in_any_company(encoder):
    rows = [ROWS[0], [], [7], [*range(1, 9)]]
    times = [TIMES[0], [5], [4, 9], [*range(10, 100, 10)]]
    together = encoded(encoder, rows, times)
    np.testing.assert_allclose(together[0], at_all(encoder)[-1], rtol=0, atol=1e-5)
    assert not together[1].any()
    # The window has the most recent items with the times that are theirs.
    cut = encoded(encoder, [rows[3][-WINDOW:]], [times[3][-WINDOW - 1 :]])
    np.testing.assert_allclose(together[3], cut[0], rtol=0, atol=1e-5)
    for number in (0, 2):
        one = encoder.encode_one(tf.constant(rows[number]), tf.constant(times[number], tf.int64))
        np.testing.assert_allclose(together[number], one[0], rtol=0, atol=1e-5)


def test_an_encoder_is_read_back_as_it_was_written(encoder, tmp_path):
    encoder.save(tmp_path / "model.keras")
    again = load_encoder(tmp_path / "model.keras")
    assert again.time_bias
    np.testing.assert_allclose(at_all(again), at_all(encoder), rtol=0, atol=1e-6)


def test_a_blend_tells_its_network_the_times(encoder, tmp_path):
    companion = ItemItem(ITEMS, WINDOW, 3, 0.5)
    companion.assign(*np.random.default_rng(1).normal(size=(2, ITEMS + 1, 3)))
    both = Blend(encoder, companion, 2.0)
    both.save(tmp_path / "model.keras")
    for blend in (both, load_encoder(tmp_path / "model.keras")):
        assert blend.time_bias
        vector = encoded(blend, ROWS, TIMES)[0]
        np.testing.assert_allclose(vector[:DIM], at_all(encoder)[-1], rtol=0, atol=1e-5)
        others = encoded(blend, ROWS, [[0] * 6])[0]
        np.testing.assert_array_equal(others[DIM:], vector[DIM:])


@pytest.mark.parametrize("name", ["sasrec", "gru4rec"])
def test_an_encoder_without_the_setting_passes_times_over(name):
    encoder = build({"encoder": name}, time_bias=False)
    np.testing.assert_array_equal(at_all(encoder), encoder(tf.constant(ROWS)).numpy()[0])
    assert not [weight.path for weight in encoder.weights if "gap" in weight.path]


def test_training_forgets_a_share_of_the_times_and_serving_none(encoder):
    count = 2_000
    rows = tf.ones([count, 4], tf.int32)
    times = tf.tile(tf.constant([[1, 2, 3, 4, 5]], tf.int64), [count, 1])
    been, asked = (part.numpy() for part in encoder.moments(rows, times, training=True))
    whole = (been == 0).all(axis=1)
    assert not (been[~whole] == 0).any() and not asked[whole].any()
    assert abs(whole.mean() - FORGOTTEN) < 4 * np.sqrt(FORGOTTEN / count)
    assert abs((asked[~whole] == 0).mean() - FORGOTTEN) < 4 * np.sqrt(FORGOTTEN / (4 * count))
    again = encoder.moments(rows, times, training=True)[0].numpy()
    assert (again != been).any()
    been, asked = encoder.moments(rows, times, training=False)
    assert been.numpy().all() and asked.numpy().all()


@pytest.mark.parametrize("name", ["sasrec", "gru4rec"])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_16_bits_read_the_same_buckets(name, precision):
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        encoder = build({"encoder": name})
    finally:
        keras.config.set_dtype_policy(before)
    exact = build({"encoder": name})
    exact.set_weights(encoder.get_weights())
    np.testing.assert_allclose(at_all(encoder), at_all(exact), rtol=0.1, atol=0.2)
