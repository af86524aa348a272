"""SASRec in every configuration: causal, read back as written, and what each setting changes."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.models import build_encoder, load_encoder
from seqrec_tf.models.transformer import TransformerBlock
from seqrec_tf.settings.config import EncoderConfig, RunConfig, TrainingConfig
from seqrec_tf.training.model import build_model, in_float32

ITEMS, WINDOW, DIM = 20, 6, 8
CONFIG = EncoderConfig(window=WINDOW, dim=DIM, layers=1, heads=2, dropout=0.5)
CHOICES = {
    "positions": ["learned", "relative", "none"],
    "norm": ["pre", "post"],
    "gated": [False, True],
    "tied": [True, False],
}
EVERY = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
ROWS = [[3, 1, 4, 1, 5], [3, 1, 4, 9, 2]]


class _Catalogue:
    """What `build_model` reads of a catalogue."""

    size, counts = ITEMS, np.ones(ITEMS)


def _name(settings: dict) -> str:
    return "-".join(str(value) for value in settings.values())


def _build(**settings):
    """An encoder whose weights are all random, so that whatever is read shows in its output."""
    encoder = build_encoder(dataclasses.replace(CONFIG, **settings), ITEMS)
    generator = np.random.default_rng(0)
    encoder.set_weights([generator.normal(0, 0.5, part.shape) for part in encoder.get_weights()])
    return encoder


@pytest.mark.parametrize("settings", EVERY, ids=_name)
def test_a_later_item_changes_no_earlier_output(settings):
    one, other = _build(**settings)(tf.constant(ROWS))
    np.testing.assert_allclose(one[:3], other[:3], rtol=0, atol=1e-5)
    assert not np.allclose(one[3], other[3], rtol=0, atol=1e-3)


@pytest.mark.parametrize("settings", EVERY, ids=_name)
def test_a_later_item_changes_no_earlier_output_in_training_either(settings):
    encoder = _build(**settings)
    states = [v for v in encoder.variables if v.name == "seed_generator_state"]
    before = [state.numpy() for state in states]
    outputs = []
    for rows in ROWS:
        for state, value in zip(states, before, strict=True):
            state.assign(value)
        outputs.append(encoder(tf.constant([rows]), training=True)[0])
    np.testing.assert_allclose(outputs[0][:3], outputs[1][:3], rtol=0, atol=1e-5)
    assert not np.allclose(outputs[0][3], outputs[1][3], rtol=0, atol=1e-3)


@pytest.mark.parametrize("settings", EVERY, ids=_name)
def test_every_configuration_is_read_back_as_it_was_written(tmp_path, settings):
    encoder = _build(**settings, expansion=3)
    encoder.save(tmp_path / "model.keras")
    loaded = load_encoder(tmp_path / "model.keras")
    assert loaded.get_config() == encoder.get_config()
    np.testing.assert_array_equal(loaded.item_table(), encoder.item_table())
    rows = tf.constant(ROWS)
    np.testing.assert_allclose(loaded(rows), encoder(rows), rtol=0, atol=1e-6)


@pytest.mark.parametrize("positions", ["learned", "relative", "none"])
def test_only_positions_tell_the_order_of_a_past(positions):
    # Attention alone adds up what it reads; the last item asks the same question both times.
    one, other = _build(positions=positions)(tf.constant([[7, 2, 5], [2, 7, 5]]))
    assert np.allclose(one[2], other[2], rtol=0, atol=1e-5) == (positions == "none")


def test_relative_positions_know_distances_only():
    encoder = _build(positions="relative")
    bias = encoder.blocks[0].distance_bias
    too_far = np.arange(WINDOW) > 1
    bias.assign(np.where(too_far, -1e9, bias.numpy()))
    # So each position reads itself and the one before it, wherever in the history they stand.
    long, short = encoder(tf.constant([[9, 8, 3, 4]])), encoder(tf.constant([[3, 4]]))
    np.testing.assert_allclose(long[0, 3], short[0, 1], rtol=0, atol=1e-5)


def test_each_norm_stands_where_it_should():
    inputs = tf.constant(np.random.default_rng(1).normal(3, 2, [1, 4, DIM]), tf.float32)
    for norm, normalised in (("pre", False), ("post", True)):
        block = TransformerBlock(DIM, heads=2, dropout=0.0, norm=norm)
        outputs = block(inputs).numpy()
        assert np.allclose(outputs.mean(axis=-1), 0, atol=1e-5) == normalised
        assert np.allclose(outputs.var(axis=-1), 1, atol=1e-4) == normalised


def test_closed_gates_let_nothing_by():
    block = TransformerBlock(DIM, heads=2, dropout=0.0, gated=True)
    inputs = tf.constant(np.random.default_rng(1).normal(0, 1, [1, 4, DIM]), tf.float32)
    open_outputs = block(inputs)
    for gate in (block.attention_gate, block.output_gate):
        gate.kernel.assign(tf.zeros([DIM, DIM]))
        gate.bias.assign(tf.fill([DIM], -100.0))
    assert not np.allclose(open_outputs, inputs, atol=1e-2)
    np.testing.assert_allclose(block(inputs), inputs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("gated", "matrices"), [(False, 2), (True, 3)])
def test_the_feed_forward_layers_are_as_wide_as_asked_for(gated, matrices):
    block = TransformerBlock(DIM, heads=1, dropout=0.0, expansion=4, gated=gated)
    block.build((None, None, DIM))
    shapes = [tuple(part.shape) for part in block.get_weights()]
    wide = [shape for shape in shapes if sorted(shape) == [DIM, 4 * DIM]]
    assert len(wide) == matrices  # SwiGLU has a gate of its own


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", ["sasrec", "gru4rec"])
def test_what_was_trained_in_16_bits_is_delivered_in_32(kind, precision, tmp_path):
    config = dataclasses.replace(CONFIG, encoder=kind, dropout=0.0, positions="relative")
    training = TrainingConfig(precision=precision)
    keras.utils.set_random_seed(0)  # with unlucky weights bfloat16's eight bits are 0.1 away
    encoder = build_model(RunConfig(encoder=config, training=training), _Catalogue(), 1).encoder
    rows = tf.constant(ROWS)
    assert encoder(rows).dtype == precision.removeprefix("mixed_")
    assert encoder.encode(rows).dtype == encoder.item_table().dtype == tf.float32
    delivered = in_float32(encoder, config)
    assert keras.config.dtype_policy().name == "float32"  # as before
    for left, right in zip(delivered.get_weights(), encoder.get_weights(), strict=True):
        assert left.dtype == np.float32
        np.testing.assert_array_equal(left, right)
    assert delivered(rows).dtype == tf.float32
    np.testing.assert_allclose(delivered(rows), tf.cast(encoder(rows), tf.float32), atol=0.15)
    delivered.save(tmp_path / "model.keras")
    assert load_encoder(tmp_path / "model.keras")(rows).dtype == tf.float32


def test_what_was_trained_in_32_bits_is_delivered_as_it_is():
    encoder = _build()
    assert in_float32(encoder, CONFIG) is encoder
