"""Means over positions in chunks: how many at a time, and what they may cost."""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.losses import build_objective, chunks
from seqrec_tf.models import GRU4Rec
from seqrec_tf.settings.config import TrainingConfig

ITEMS, POSITIONS, DIM = 3416, 25600, 64  # ml-1m, 128 histories of 200 items

# Prints the process's peak memory in bytes, before and after a step over all positions.
STEP = f"""
import numpy as np, tensorflow as tf
from seqrec_tf.losses.softmax import FullSoftmax
from seqrec_tf.models import GRU4Rec

encoder = GRU4Rec(items={ITEMS}, window=2, dim={DIM}, layers=1, dropout=0.0)

@tf.function(reduce_retracing=True)
def step(hidden, targets):
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        loss = FullSoftmax()(encoder, hidden, targets)
    table = encoder.candidate_embedding.embeddings.value
    return loss, tape.gradient(loss, [hidden, table])

def after(positions):
    loss, _ = step(tf.random.normal([positions, {DIM}]), tf.ones([positions], tf.int32))
    assert np.isfinite(loss)
    return peak()

print([after(64), after({POSITIONS})])
"""


def test_a_full_softmax_of_a_whole_batch_fits_a_laptop(in_a_process):
    before, after = in_a_process(STEP)
    assert after < 3e9
    # All logits at once would take 350 MB, and as much again for each step of their gradient.
    assert after - before < 4 * POSITIONS * ITEMS


@pytest.mark.parametrize(
    ("width", "sizes"),
    [
        (4, [3, 3, 3, 1]),  # 12 values: three positions at a time
        (5, [2, 2, 2, 2, 2]),
        (100, [2, 2, 2, 2, 2]),  # but never fewer than two
        (1, [10]),
    ],
)
def test_as_many_positions_at_a_time_as_fit(monkeypatch, width, sizes):
    monkeypatch.setattr(chunks, "CHUNK_VALUES", 12)
    monkeypatch.setattr(chunks, "SMALLEST_CHUNK", 2)
    seen = []

    def loss(part):
        seen.append(int(tf.size(part)))
        return part

    mean = chunks.mean_over_chunks(loss, [tf.range(10.0)], [], width)
    assert seen == sizes
    assert float(mean) == 4.5


def test_positions_and_shared_tensors_have_their_gradients(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_VALUES", 1)
    monkeypatch.setattr(chunks, "SMALLEST_CHUNK", 2)
    values, signs, factor = tf.constant([1.0, 2.0, 3.0]), tf.constant([1, -1, 1]), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch([values, factor])
        mean = chunks.mean_over_chunks(
            lambda part, sign, factor: factor * tf.cast(sign, tf.float32) * part**2,
            *([values, signs], [factor], 1),
        )
    assert float(mean) == pytest.approx(5 * (1 - 4 + 9) / 3)
    to_values, to_factor = tape.gradient(mean, [values, factor])
    np.testing.assert_allclose(to_values, [5 * 2 / 3, -5 * 4 / 3, 5 * 6 / 3], rtol=1e-6)
    assert float(to_factor) == pytest.approx((1 - 4 + 9) / 3)


@pytest.mark.parametrize("name", ["gbce", "sampled-softmax", "bpr-max"])
def test_the_logits_of_drawn_negatives_do_not_grow_with_the_catalogue(monkeypatch, name):
    shapes, matmul = [], tf.matmul

    def watched(*arguments, **options):
        shapes.append(matmul(*arguments, **options).shape)
        return matmul(*arguments, **options)

    items, negatives = 5000, tf.constant([17, 3, 4000, 17], tf.int32)
    encoder = GRU4Rec(items=items, window=2, dim=8, layers=1, dropout=0.0)
    objective = build_objective(TrainingConfig(objective=name, negatives=4), np.ones(items))
    monkeypatch.setattr(tf, "matmul", watched)
    with tf.GradientTape() as tape:
        loss = objective(encoder, tf.ones([6, 8]), tf.constant([3, 1, 4, 1, 5, 9]), negatives)
    tape.gradient(loss, encoder.candidate_embedding.embeddings.value)
    assert shapes
    # Three candidates, six positions, eight dimensions; softmax has two columns more.
    assert max(max(shape) for shape in shapes) <= 8
