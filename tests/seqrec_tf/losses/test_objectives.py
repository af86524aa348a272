"""Objectives on three items and logits whose exponentials are whole numbers."""

import math

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.losses import build_objective
from seqrec_tf.models import GRU4Rec
from seqrec_tf.settings.config import OBJECTIVES, TrainingConfig

LN2, LN3 = math.log(2), math.log(3)
COUNTS = [2, 1, 1]  # shares 1/2, 1/4, 1/4


@pytest.fixture(scope="module")
def encoder():
    """A real encoder with an item table to calculate with; row 0 would outweigh everything."""
    encoder = GRU4Rec(items=3, window=4, dim=2, layers=1, dropout=0.0)
    encoder.candidate_embedding.embeddings.assign([[9, 9], [1, 0], [0, 1], [1, 1]])
    return encoder


def _loss(encoder, name: str, hidden, targets, negatives=None, **settings) -> float:
    objective = build_objective(TrainingConfig(objective=name, **settings), np.array(COUNTS))
    hidden, targets = tf.constant(hidden, tf.float32), tf.constant(targets, tf.int32)
    negatives = None if negatives is None else tf.constant(negatives)
    return float(objective(encoder, hidden, targets, negatives))


def test_binary_cross_entropy(encoder):
    # Scores: target ln 3, sigmoid 3/4; negative 0, sigmoid 1/2. Halved, as in the example.
    expected = (-math.log(3 / 4) - math.log(1 - 1 / 2)) / 2
    loss = _loss(encoder, "bce", [[LN3, 0]], [1], [[2]])
    assert loss == pytest.approx(expected, abs=1e-6)


def test_binary_cross_entropy_takes_the_mean_over_negatives_and_positions(encoder):
    # Negatives score 0 and ln 3: log(1 - 1/2) and log(1 - 3/4).
    first = (-math.log(3 / 4) - (math.log(1 / 2) + math.log(1 / 4)) / 2) / 2
    second = (-math.log(1 / 2) - (math.log(1 / 2) + math.log(1 / 2)) / 2) / 2
    loss = _loss(encoder, "bce", [[LN3, 0], [0, 0]], [1, 2], [[2, 3], [1, 3]])
    assert loss == pytest.approx((first + second) / 2, abs=1e-6)


@pytest.mark.parametrize(
    ("calibration", "beta"),
    # One negative of two other items: alpha = 1/2, beta = 1/2 (t (1 - 2) + 2).
    [(0, 1), (0.5, 3 / 4), (1, 1 / 2)],
)
def test_gbce_weakens_the_target_as_much_as_the_sampling_does(encoder, calibration, beta):
    expected = (-beta * math.log(3 / 4) - math.log(1 - 1 / 2)) / 2
    loss = _loss(encoder, "gbce", [[LN3, 0]], [1], [2], calibration=calibration)
    assert loss == pytest.approx(expected, abs=1e-6)


def test_gbce_shares_its_negatives_and_leaves_the_own_target_out(encoder):
    # Two negatives of two other items: alpha = 1, so beta = 1, whatever t is.
    first = (-math.log(3 / 4) - math.log(1 - 1 / 2)) / 3  # target 1 is no negative of itself
    second = (-math.log(2 / 3) - math.log(1 - 1 / 2)) / 3  # nor is target 2
    loss = _loss(encoder, "gbce", [[LN3, 0], [0, LN2]], [1, 2], [2, 1])
    assert loss == pytest.approx((first + second) / 2, abs=1e-6)


def test_gbce_counts_a_negative_as_often_as_it_was_drawn(encoder):
    # Three negatives: alpha = 3/2 and, with t = 1, beta = 3/2 (1/3 + 2/3) = 3/2.
    expected = (-1.5 * math.log(3 / 4) - 2 * math.log(1 / 2) - math.log(1 / 4)) / 4
    loss = _loss(encoder, "gbce", [[LN3, 0]], [1], [2, 3, 2], calibration=1)
    assert loss == pytest.approx(expected, abs=1e-6)


def test_full_softmax_leaves_padding_out(encoder):
    # Scores of rows 1, 2, 3: ln 3, 0, ln 3, so 3 + 1 + 3 = 7. Row 0 would add e^(9 ln 3).
    assert _loss(encoder, "full-softmax", [[LN3, 0]], [1]) == pytest.approx(
        -math.log(3 / 7), abs=1e-6
    )
    # Second position: ln 1, ln 2, ln 2 for rows 1, 2, 3.
    loss = _loss(encoder, "full-softmax", [[LN3, 0], [0, LN2]], [2, 3])
    assert loss == pytest.approx(-(math.log(1 / 7) + math.log(2 / 5)) / 2, abs=1e-6)


def test_in_batch_softmax_takes_popularity_off(encoder):
    # First position: target 1 has 3 / (1/2) = 6, the other's target 2 has 1 / (1/4) = 4.
    # Second position: target 2 has 2 / (1/4) = 8, the other's target 1 has 1 / (1/2) = 2.
    loss = _loss(encoder, "in-batch-softmax", [[LN3, 0], [0, LN2]], [1, 2])
    assert loss == pytest.approx(-(math.log(6 / 10) + math.log(8 / 10)) / 2, abs=1e-6)


def test_in_batch_softmax_does_not_hold_the_own_positive_against_itself(encoder):
    # Target 1 comes up twice. Its double is no negative of either position, but stays one of
    # the position whose target is 2:
    first = 6 / (6 + 4)  # not 6 / (6 + 4 + 6)
    second = 8 / (8 + 2 + 2)
    third = 2 / (2 + 4)  # hidden 0: only popularity counts
    loss = _loss(encoder, "in-batch-softmax", [[LN3, 0], [0, LN2], [0, 0]], [1, 2, 1])
    expected = -(math.log(first) + math.log(second) + math.log(third)) / 3
    assert loss == pytest.approx(expected, abs=1e-6)


def test_a_batch_of_one_item_has_nothing_to_learn(encoder):
    loss = _loss(encoder, "in-batch-softmax", [[LN3, 0], [LN2, 1]], [1, 1])
    assert loss == pytest.approx(0, abs=1e-6)


def test_bpr_max_weighs_the_negatives_by_their_softmax(encoder):
    # The target scores ln 3, as negative 3; negative 2 scores 0: weights 3/4 and 1/4.
    ahead = 3 / 4 * (1 / 2) + 1 / 4 * (3 / 4)  # sigmoids of ln 3 - ln 3 and ln 3 - 0
    penalty = 3 / 4 * LN3**2
    loss = _loss(encoder, "bpr-max", [[LN3, 0]], [1], [2, 3], score_penalty=0.5)
    assert loss == pytest.approx(-math.log(ahead) + 0.5 * penalty, abs=1e-6)


def test_bpr_max_counts_a_negative_as_often_as_it_was_drawn(encoder):
    # As above, but negative 3 was drawn twice: weights 1/7 and 2 * 3/7.
    ahead = 6 / 7 * (1 / 2) + 1 / 7 * (3 / 4)
    penalty = 6 / 7 * LN3**2
    loss = _loss(encoder, "bpr-max", [[LN3, 0]], [1], [3, 2, 3], score_penalty=0.5)
    assert loss == pytest.approx(-math.log(ahead) + 0.5 * penalty, abs=1e-6)


def test_bpr_max_leaves_the_own_target_out(encoder):
    # Of negatives 1 and 2, each position has the other's target only.
    first = -math.log(3 / 4)  # sigmoid of ln 3 - 0; the penalty is 0
    second = -math.log(2 / 3)  # sigmoid of ln 2 - 0
    loss = _loss(encoder, "bpr-max", [[LN3, 0], [0, LN2]], [1, 2], [1, 2])
    assert loss == pytest.approx((first + second) / 2, abs=1e-6)


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32])
def test_bpr_max_pulls_at_targets_that_are_far_behind(encoder, dtype):
    # Negative 1 is 100 ahead of target 2; e^-100 is 0 in 32 bits already.
    objective = build_objective(TrainingConfig(objective="bpr-max", score_penalty=0), COUNTS)
    hidden = tf.constant([[100, 0]], dtype)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        loss = objective(encoder, hidden, tf.constant([2]), tf.constant([1]))
    assert float(loss) == pytest.approx(100)
    assert tape.gradient(loss, hidden).numpy().tolist() == [[1, -1]]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_position_has_no_loss(encoder, name):
    # As on the last of several devices, when a batch has fewer examples than there are devices.
    objective = build_objective(TrainingConfig(objective=name), COUNTS)
    negatives = tf.zeros([0, 1], tf.int32) if name == "bce" else tf.constant([1, 2])
    with tf.GradientTape() as tape:
        loss = objective(encoder, tf.zeros([0, 2]), tf.zeros([0], tf.int32), negatives)
    assert float(loss) == 0
    gradient = tape.gradient(loss, encoder.candidate_embedding.embeddings.value)
    np.testing.assert_array_equal(tf.convert_to_tensor(gradient), tf.zeros([4, 2]))
