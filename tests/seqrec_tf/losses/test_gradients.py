"""Each objective, with its gradients, against the same formula written the plain way.

Plain: all logits at once, repeated candidates repeated, gradients left to TensorFlow.
"""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.losses import build_objective, chunks
from seqrec_tf.models import GRU4Rec
from seqrec_tf.settings.config import OBJECTIVES, TrainingConfig

ITEMS, DIM, POSITIONS, DRAWN = 7, 4, 9, 8
COUNTS = np.array([1, 2, 3, 4, 5, 6, 4])  # 25 interactions
SETTINGS = TrainingConfig(
    negatives=DRAWN, popularity_share=0.25, calibration=0.4, label_smoothing=0.3
)
NEVER = -1e9


@pytest.fixture(scope="module")
def encoder():
    encoder = GRU4Rec(items=ITEMS, window=4, dim=DIM, layers=1, dropout=0.0)
    table = np.random.default_rng(1).normal(0, 0.7, [ITEMS + 1, DIM])
    encoder.candidate_embedding.embeddings.assign(table)
    return encoder


def _batch(name: str):
    """Hidden vectors, targets and negatives; targets repeat, and are among the negatives."""
    generator = np.random.default_rng(2)
    hidden = tf.constant(generator.normal(0, 1, [POSITIONS, DIM]), tf.float32)
    targets = generator.integers(1, ITEMS + 1, POSITIONS)
    shape = [POSITIONS, 3] if name == "bce" else [DRAWN]
    negatives = generator.integers(1, ITEMS + 1, shape)
    assert len(set(targets)) < POSITIONS and set(targets) & set(negatives.ravel())
    return hidden, tf.constant(targets, tf.int32), tf.constant(negatives, tf.int32)


def _bce(table, hidden, targets, negatives):
    positive = tf.reduce_sum(hidden * tf.gather(table, targets), axis=1)
    negative = tf.einsum("pd,pnd->pn", hidden, tf.gather(table, negatives))
    log_one, log_zero = tf.math.log_sigmoid(positive), tf.math.log_sigmoid(-negative)
    return -tf.reduce_mean(log_one + tf.reduce_mean(log_zero, axis=1)) / 2


def _scores(table, hidden, targets, candidates):
    """Of the targets (positions, 1), of the candidates, and which of these is the own target."""
    positive = tf.reduce_sum(hidden * tf.gather(table, targets), axis=1, keepdims=True)
    scores = tf.matmul(hidden, tf.gather(table, candidates), transpose_b=True)
    return positive, scores, candidates == targets[:, tf.newaxis]


def _gbce(table, hidden, targets, negatives):
    positive, scores, own = _scores(table, hidden, targets, negatives)
    alpha = DRAWN / (ITEMS - 1)
    beta = alpha * (0.4 * (1 - 1 / alpha) + 1 / alpha)
    log_zero = tf.where(own, 0.0, tf.math.log_sigmoid(-scores))
    sums = beta * tf.math.log_sigmoid(positive[:, 0]) + tf.reduce_sum(log_zero, axis=1)
    return -tf.reduce_mean(sums) / (DRAWN + 1)


def _full_softmax(table, hidden, targets, negatives):
    logits = tf.matmul(hidden, table[1:], transpose_b=True)
    wanted = 0.7 * tf.one_hot(targets - 1, ITEMS) + 0.3 / ITEMS  # label smoothing 0.3
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))


def _sampled_softmax(table, hidden, targets, negatives):
    positive, scores, own = _scores(table, hidden, targets, negatives)
    share = tf.gather(np.array([0, *COUNTS / 25], np.float32), negatives)
    scores -= tf.math.log(2 * share + 6 / ITEMS)  # two by popularity, six uniformly
    logits = tf.concat([positive, tf.where(own, NEVER, scores)], axis=1)
    return -tf.reduce_mean(tf.nn.log_softmax(logits)[:, 0])


def _in_batch_softmax(table, hidden, targets, negatives):
    _, scores, same = _scores(table, hidden, targets, targets)
    share = tf.gather(np.array([0, *COUNTS / 25], np.float32), targets)
    logits = scores - tf.math.log(share)
    accidental = same & ~tf.eye(POSITIONS, dtype=tf.bool)
    logits = tf.where(accidental, NEVER, logits)
    labels = tf.range(POSITIONS)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def _bpr_max(table, hidden, targets, negatives):
    positive, scores, own = _scores(table, hidden, targets, negatives)
    weights = tf.nn.softmax(tf.where(own, NEVER, scores))
    ahead = tf.reduce_sum(weights * tf.sigmoid(positive - scores), axis=1)
    penalty = tf.reduce_sum(weights * scores**2, axis=1)
    return tf.reduce_mean(-tf.math.log(ahead) + SETTINGS.score_penalty * penalty)


PLAIN = {
    "bce": _bce,
    "gbce": _gbce,
    "full-softmax": _full_softmax,
    "sampled-softmax": _sampled_softmax,
    "in-batch-softmax": _in_batch_softmax,
    "bpr-max": _bpr_max,
}


def _value_and_gradients(loss, table, hidden) -> list[np.ndarray]:
    """Of `loss(hidden)`, which counts double: the value, and the gradients for both tensors."""
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        value = 2 * loss(hidden)
    gradients = tape.gradient(value, [hidden, table])
    return [value.numpy(), *(tf.convert_to_tensor(g).numpy() for g in gradients)]


def _ours(name: str, encoder) -> list[np.ndarray]:
    hidden, targets, negatives = _batch(name)
    objective = _objective(name)
    table = encoder.candidate_embedding.embeddings.value
    return _value_and_gradients(
        lambda hidden: objective(encoder, hidden, targets, negatives), table, hidden
    )


def _objective(name: str):
    settings = {**vars(SETTINGS), "objective": name}
    return build_objective(TrainingConfig(**settings), COUNTS)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_value_and_gradients_are_those_of_the_plain_formula(encoder, name):
    hidden, targets, negatives = _batch(name)
    table = encoder.candidate_embedding.embeddings.value
    expected = _value_and_gradients(
        lambda hidden: PLAIN[name](table, hidden, targets, negatives), table, hidden
    )
    for left, right in zip(_ours(name, encoder), expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("positions", [1, 2, 4])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_chunks_change_nothing(encoder, monkeypatch, name, positions):
    whole = _ours(name, encoder)
    # Nine positions in chunks of 1, of 2 with a rest of 1, and of 4 with a rest of 1.
    monkeypatch.setattr(chunks, "CHUNK_VALUES", 1)
    monkeypatch.setattr(chunks, "SMALLEST_CHUNK", positions)
    for left, right in zip(_ours(name, encoder), whole, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_function_of_any_number_of_positions(encoder, name):
    objective, (hidden, targets, negatives) = _objective(name), _batch(name)
    eager = float(objective(encoder, hidden, targets, negatives))
    signature = [
        tf.TensorSpec([None] * t.shape.rank if t is not hidden else [None, DIM], t.dtype)
        for t in (hidden, targets, negatives)
    ]
    compiled = tf.function(lambda *batch: objective(encoder, *batch), input_signature=signature)
    assert float(compiled(hidden, targets, negatives)) == pytest.approx(eager, abs=1e-6)
    assert np.isfinite(compiled(hidden[:1], targets[:1], negatives[:1]))
