"""Objectives on three items and logits whose exponentials are whole numbers."""

import math

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.losses import build_objective
from seqrec_tf.models import GRU4Rec

LN2, LN3 = math.log(2), math.log(3)
COUNTS = [2, 1, 1]  # shares 1/2, 1/4, 1/4


@pytest.fixture(scope="module")
def encoder():
    """A real encoder with an item table to calculate with; row 0 would outweigh everything."""
    encoder = GRU4Rec(items=3, window=4, dim=2, layers=1, dropout=0.0)
    encoder.candidate_embedding.embeddings.assign([[9, 9], [1, 0], [0, 1], [1, 1]])
    return encoder


def _loss(encoder, name: str, hidden, targets, negatives=None) -> float:
    objective = build_objective(name, np.array(COUNTS))
    hidden, targets = tf.constant(hidden, tf.float32), tf.constant(targets, tf.int32)
    return float(objective(encoder, hidden, targets, negatives))


def test_binary_cross_entropy(encoder):
    # Scores: target ln 3, sigmoid 3/4; negative 0, sigmoid 1/2. Halved, as in the example.
    expected = (-math.log(3 / 4) - math.log(1 - 1 / 2)) / 2
    loss = _loss(encoder, "bce", [[LN3, 0]], [1], tf.constant([[2]]))
    assert loss == pytest.approx(expected, abs=1e-6)


def test_binary_cross_entropy_takes_the_mean_over_negatives_and_positions(encoder):
    # Negatives score 0 and ln 3: log(1 - 1/2) and log(1 - 3/4).
    first = (-math.log(3 / 4) - (math.log(1 / 2) + math.log(1 / 4)) / 2) / 2
    second = (-math.log(1 / 2) - (math.log(1 / 2) + math.log(1 / 2)) / 2) / 2
    loss = _loss(encoder, "bce", [[LN3, 0], [0, 0]], [1, 2], tf.constant([[2, 3], [1, 3]]))
    assert loss == pytest.approx((first + second) / 2, abs=1e-6)


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
    assert loss == pytest.approx(-(math.log(6 / 10) + math.log(8 / 10)) / 2, abs=1e-4)


def test_in_batch_softmax_does_not_hold_the_own_positive_against_itself(encoder):
    # Target 1 comes up twice. Its double is no negative of either position, but stays one of
    # the position whose target is 2:
    first = 6 / (6 + 4)  # not 6 / (6 + 4 + 6)
    second = 8 / (8 + 2 + 2)
    third = 2 / (2 + 4)  # hidden 0: only popularity counts
    loss = _loss(encoder, "in-batch-softmax", [[LN3, 0], [0, LN2], [0, 0]], [1, 2, 1])
    expected = -(math.log(first) + math.log(second) + math.log(third)) / 3
    assert loss == pytest.approx(expected, abs=1e-4)


def test_a_batch_of_one_item_has_nothing_to_learn(encoder):
    loss = _loss(encoder, "in-batch-softmax", [[LN3, 0], [LN2, 1]], [1, 1])
    assert loss == pytest.approx(0, abs=1e-6)
