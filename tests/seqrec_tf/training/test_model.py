"""The Keras model around an encoder: what its loss reads, and how its weights are moved."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.settings.config import OBJECTIVES, EncoderConfig, RunConfig, TrainingConfig
from seqrec_tf.training.model import build_model, build_optimizer
from seqrec_tf.training.pipeline import training_data

ITEMS = 9
CONFIG = EncoderConfig(window=6, dim=4, layers=1, dropout=0.0)


class _Catalogue:
    """What `build_model` reads of a catalogue."""

    size, counts = ITEMS, np.ones(ITEMS)


def _model(objective: str = "full-softmax", kind: str = "sasrec", **settings):
    keras.utils.set_random_seed(0)
    encoder = EncoderConfig(**{**vars(CONFIG), "encoder": kind})
    config = RunConfig(encoder=encoder, training=TrainingConfig(objective=objective, **settings))
    return build_model(config, _Catalogue(), steps_per_epoch=1)


def _loss(model, rows, targets, negatives=None) -> float:
    inputs = {"rows": tf.constant(rows)}
    if negatives is not None:
        inputs["negatives"] = tf.constant(negatives)
    return float(model.compute_loss(inputs, tf.constant(targets), model(inputs)))


@pytest.mark.parametrize("objective", ["full-softmax", "in-batch-softmax"])
def test_padding_takes_no_part_in_the_loss(objective):
    model = _model(objective)
    narrow = _loss(model, [[1, 2, 3], [4, 5, 0]], [[2, 3, 4], [5, 6, 0]])
    wide = _loss(model, [[1, 2, 3, 0, 0], [4, 5, 0, 0, 0]], [[2, 3, 4, 0, 0], [5, 6, 0, 0, 0]])
    assert narrow == pytest.approx(wide, abs=1e-5)


def test_the_negatives_of_padding_take_no_part_in_the_loss():
    model = _model("bce")
    rows, targets = [[1, 2, 0]], [[2, 3, 0]]
    loss = _loss(model, rows, targets, [[[7], [8], [1]]])
    assert loss == pytest.approx(_loss(model, rows, targets, [[[7], [8], [9]]]), abs=1e-7)
    assert loss != pytest.approx(_loss(model, rows, targets, [[[7], [9], [1]]]), abs=1e-7)


def test_only_positions_with_a_target_take_part_in_the_loss():
    model = _model()
    both = [_loss(model, [[1, 2]], [[2, 0]]), _loss(model, [[1, 2]], [[0, 3]])]
    assert _loss(model, [[1, 2]], [[2, 3]]) == pytest.approx(np.mean(both), abs=1e-5)


def _batch(training: TrainingConfig):
    histories = tf.ragged.constant([[1, 2, 3, 4], [7, 8, 9], [4, 5, 6, 7, 8]], dtype=tf.int32)
    return next(iter(training_data(histories, ITEMS, CONFIG, training).batches))


def _losses(model, objective: str, steps: int) -> list[float]:
    """On one batch, before each step."""
    model.run_eagerly = True  # compiling costs more than a few steps
    batch = _batch(TrainingConfig(objective=objective, negatives=4))
    return [float(model.train_on_batch(*batch)) for _ in range(steps)]


@pytest.mark.parametrize("kind", ["sasrec", "gru4rec"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_both_encoders_learn_with_every_objective(objective, kind):
    losses = _losses(_model(objective, kind, negatives=4, learning_rate=0.02), objective, steps=3)
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("objective", "precision"),
    # The range of float16 is the smaller one, so it is what can go wrong.
    [*((name, "mixed_float16") for name in OBJECTIVES), ("full-softmax", "mixed_bfloat16")],
)
def test_every_objective_works_in_16_bits(objective, precision):
    settings = {"negatives": 4, "learning_rate": 0.02}
    half = _model(objective, precision=precision, **settings)
    assert {v.dtype for v in half.trainable_variables} == {"float32"}
    exact = _losses(_model(objective, **settings), objective, steps=2)
    np.testing.assert_allclose(_losses(half, objective, steps=2), exact, rtol=0.02)


def test_the_optimizer_is_the_configured_one():
    adam = build_optimizer(TrainingConfig(learning_rate=0.25, beta_2=0.5), steps_per_epoch=7)
    assert type(adam) is keras.optimizers.Adam
    assert (float(adam.learning_rate), adam.beta_2, adam.use_ema) == (0.25, 0.5, False)
    adamw = build_optimizer(TrainingConfig(optimizer="adamw", average=0.75), steps_per_epoch=7)
    assert type(adamw) is keras.optimizers.AdamW
    assert (adamw.use_ema, adamw.ema_momentum) == (True, 0.75)


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        ({"schedule": "constant"}, {0: 0.8, 5: 0.8, 8: 0.8}),
        # Half a wave over 4 epochs of 2 steps: 0.8 (1 + cos(pi t / 8)) / 2, cos(pi / 4) = 0.7071.
        ({"schedule": "cosine"}, {0: 0.8, 2: 0.4 * 1.7071, 4: 0.4, 6: 0.4 * 0.2929, 8: 0, 9: 0}),
        # One epoch up; the other three, six steps, down: cos(pi / 3) = 1/2.
        (
            {"schedule": "cosine", "warmup": 1.0},
            {0: 0, 1: 0.4, 2: 0.8, 4: 0.4 * 1.5, 5: 0.4, 6: 0.4 * 0.5, 8: 0},
        ),
        ({"schedule": "constant", "warmup": 2.0}, {0: 0, 1: 0.2, 3: 0.6, 4: 0.8, 5: 0.8, 8: 0.8}),
        ({"schedule": "constant", "warmup": 0.5}, {0: 0, 1: 0.8, 2: 0.8}),  # one step of two
    ],
)
def test_the_learning_rate_by_hand(settings, rates):
    config = TrainingConfig(learning_rate=0.8, epochs=4, **settings)
    optimizer = build_optimizer(config, steps_per_epoch=2)
    optimizer.build([keras.Variable(0.0)])
    found = {}
    for step in rates:
        optimizer.iterations.assign(step)
        found[step] = float(optimizer.learning_rate)
    assert found == pytest.approx(rates, abs=1e-4)
