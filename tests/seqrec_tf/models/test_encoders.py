"""Both encoders keep the promises of `Encoder`, whatever their weights are."""

import dataclasses
import functools
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.tensors import ragged

from seqrec_tf.errors import InputError
from seqrec_tf.models import Blend, GRU4Rec, ItemItem, SASRec, build_encoder, load_encoder
from seqrec_tf.settings.config import EncoderConfig

ITEMS, WINDOW, DIM = 20, 6, 8
HISTORIES = [[3, 1, 4], [], [15], [9, 2, 6, 5, 3, 5], [8, 9, 7, 10, 3, 2, 3, 8, 4]]
CONFIG = EncoderConfig(window=WINDOW, dim=DIM, layers=2, dropout=0.5)


def _build(kind: str, **settings):
    """An encoder whose weights are all random, so that whatever is read shows in its output."""
    encoder = build_encoder(dataclasses.replace(CONFIG, encoder=kind, **settings), ITEMS)
    generator = np.random.default_rng(0)
    encoder.set_weights([generator.normal(0, 0.5, part.shape) for part in encoder.get_weights()])
    return encoder


def _blend() -> Blend:
    """As `_build`, of a network with dropout and a companion, side by side."""
    network = _build("sasrec", dim=DIM - 3)
    companion = ItemItem(ITEMS, WINDOW, 3, decay=0.7)
    factors = np.random.default_rng(1).normal(0, 0.5, (2, ITEMS + 1, 3))
    companion.assign(*factors * (np.arange(ITEMS + 1) > 0)[:, np.newaxis])
    return Blend(network, companion, 2.0)


@pytest.fixture(params=["sasrec", "gru4rec", "blend"])
def encoder(request):
    return _blend() if request.param == "blend" else _build(request.param)


def _close(left, right) -> bool:
    return np.allclose(left, right, rtol=0, atol=1e-5)


def test_the_configuration_chooses_the_network():
    assert isinstance(_build("sasrec"), SASRec)
    assert isinstance(_build("gru4rec"), GRU4Rec)


def test_shapes(encoder):
    assert encoder(tf.constant([[1, 2, 3], [4, 0, 0]])).shape == (2, 3, DIM)
    assert encoder.item_table().shape == (ITEMS + 1, DIM)
    assert encoder.encode(ragged(HISTORIES)).shape == (5, DIM)


def test_padding_on_the_right_changes_no_real_position(encoder):
    short = encoder(tf.constant([[3, 1, 4]]))
    padded = encoder(tf.constant([[3, 1, 4, 0, 0, 0]]))
    assert _close(short[0], padded[0, :3])
    assert not _close(short[0], padded[0, 3:])  # so padding does have outputs that could be read


def test_a_later_item_changes_no_earlier_output(encoder):
    one, other = encoder(tf.constant([[3, 1, 4, 1, 5], [3, 1, 4, 9, 2]]))
    assert _close(one[:3], other[:3])
    assert not _close(one[3], other[3]) and not _close(one[4], other[4])


def test_an_earlier_item_changes_the_outputs_after_it(encoder):
    one, other = encoder(tf.constant([[3, 1, 4], [7, 1, 4]]))
    assert not _close(one[1], other[1]) and not _close(one[2], other[2])


def test_encode_is_the_output_at_the_last_real_position(encoder):
    encoded = encoder.encode(ragged(HISTORIES))
    for history, vector in zip(HISTORIES, encoded, strict=True):
        recent = history[-WINDOW:]
        if recent:
            assert _close(vector, encoder(tf.constant([recent]))[0, -1])


def test_ragged_and_both_paddings_are_encoded_alike(encoder):
    width = max(map(len, HISTORIES)) + 2
    right = [history + [0] * (width - len(history)) for history in HISTORIES]
    left = [[0] * (width - len(history)) + history for history in HISTORIES]
    expected = encoder.encode(ragged(HISTORIES))
    assert _close(encoder.encode(tf.constant(right)), expected)
    assert _close(encoder.encode(tf.constant(left)), expected)


def test_a_history_is_encoded_alike_in_any_batch(encoder):
    together = encoder.encode(ragged(HISTORIES))
    for history, vector in zip(HISTORIES, together, strict=True):
        assert _close(encoder.encode(ragged([history]))[0], vector)


def test_an_empty_history_is_all_zeros(encoder):
    encoded = encoder.encode(ragged(HISTORIES)).numpy()
    assert np.isfinite(encoded).all()
    assert [not row.any() for row in encoded] == [not history for history in HISTORIES]
    assert not encoder.encode(ragged([[], []])).numpy().any()
    assert not encoder.encode(tf.zeros([2, 3], tf.int32)).numpy().any()
    assert encoder.encode(ragged([])).shape == (0, DIM)


def test_only_the_most_recent_items_of_the_window_are_read(encoder):
    recent = [11, 12, 13, 14, 15, 16]
    long, other = [1, 2, 3, *recent], [20, 19, 18, 17, *recent]
    expected = encoder.encode(ragged([recent]))
    assert _close(encoder.encode(ragged([long])), expected)
    assert _close(encoder.encode(ragged([other])), expected)
    assert not _close(encoder.encode(ragged([[1, *recent[1:]]])), expected)


def test_dropout_is_active_in_training_only(encoder):
    rows = tf.constant([[3, 1, 4]])
    assert _close(encoder(rows), encoder(rows))
    assert not _close(encoder(rows, training=True), encoder(rows))


@pytest.mark.parametrize(
    "build",
    [*(functools.partial(_build, k, tied=t) for k in ("sasrec", "gru4rec") for t in (True, False))]
    + [_blend],
)
def test_keras_file_round_trip(tmp_path, build):
    encoder = build()
    encoder.save(tmp_path / "model.keras")
    keras.backend.clear_session()
    loaded = load_encoder(tmp_path / "model.keras")
    assert type(loaded) is type(encoder)
    assert (loaded.items, loaded.window, loaded.dim) == (ITEMS, WINDOW, DIM)
    histories = ragged(HISTORIES)
    np.testing.assert_array_equal(loaded.item_table(), encoder.item_table())
    assert _close(loaded.encode(histories), encoder.encode(histories))


@keras.saving.register_keras_serializable("tests")
class Mine(keras.layers.Layer):
    """A layer that the process which loads it may not know."""

    def call(self, inputs):
        return inputs


def test_a_file_that_keras_cannot_load(tmp_path, monkeypatch):
    path, empty = tmp_path / "model.keras", tmp_path / "empty.keras"
    rows = keras.Input([3])
    keras.Model(rows, Mine()(rows)).save(path)
    content = path.read_bytes()
    monkeypatch.delitem(keras.saving.get_custom_objects(), "tests>Mine")
    message = f"{path}: expected a model that Keras can load .* Could not locate class 'Mine'"
    with pytest.raises(InputError, match=message):
        load_encoder(path)
    for broken in (content[: len(content) // 2], b"", b"no model"):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="Received: no zip archive, or half of one"):
            load_encoder(path)
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("other.txt", "")
    with pytest.raises(InputError, match="expected a model that Keras can load .*config.json"):
        load_encoder(empty)
    with pytest.raises(InputError, match="Received: no such file"):
        load_encoder(tmp_path / "none.keras")


def test_heads_change_what_is_computed_but_no_shape():
    one, two = _build("sasrec", heads=1), _build("sasrec", heads=2)
    assert [part.shape for part in one.get_weights()] == [part.shape for part in two.get_weights()]
    rows = tf.constant([[3, 1, 4], [1, 5, 0]])
    assert one(rows).shape == two(rows).shape == (2, 3, DIM)
    # A single item has nothing else to attend to, however many heads look.
    assert _close(one(rows)[:, 0], two(rows)[:, 0])
    assert not _close(one(rows)[0, 1:], two(rows)[0, 1:])


@pytest.mark.parametrize("kind", ["sasrec", "gru4rec"])
@pytest.mark.parametrize(("tied", "tables"), [(True, 1), (False, 2)])
def test_one_table_or_one_for_histories_and_one_for_candidates(kind, tied, tables):
    encoder = _build(kind, tied=tied)
    shapes = [tuple(part.shape) for part in encoder.get_weights()]
    assert shapes.count((ITEMS + 1, DIM)) == tables
    rows = tf.constant([[3, 1, 4]])
    before = encoder(rows), encoder.item_table()
    encoder.candidate_embedding.embeddings.assign(before[1][::-1])
    np.testing.assert_array_equal(encoder.item_table(), before[1][::-1])
    assert _close(encoder(rows), before[0]) != tied  # a table of its own reads no history
