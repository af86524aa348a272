"""Sampled softmax: whatever is drawn, and however, it estimates the softmax over all items."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.losses import build_objective
from seqrec_tf.losses.softmax import FullSoftmax
from seqrec_tf.models import GRU4Rec
from seqrec_tf.settings.config import TrainingConfig

LN2, LN3 = math.log(2), math.log(3)
COUNTS = [2, 1, 1]  # shares 1/2, 1/4, 1/4
HIDDEN, TARGETS = [[LN3, 0], [0, LN2]], [1, 2]  # e to the scores: 3, 1, 3 and 1, 2, 2


@pytest.fixture(scope="module")
def encoder():
    """An item table to calculate with; row 0 would outweigh everything."""
    encoder = GRU4Rec(items=3, window=4, dim=2, layers=1, dropout=0.0)
    encoder.candidate_embedding.embeddings.assign([[9, 9], [1, 0], [0, 1], [1, 1]])
    return encoder


def _loss(encoder, negatives, hidden=HIDDEN, targets=TARGETS, **settings) -> float:
    config = TrainingConfig(objective="sampled-softmax", negatives=len(negatives), **settings)
    objective = build_objective(config, np.array(COUNTS))
    hidden, targets = tf.constant(hidden, tf.float32), tf.constant(targets, tf.int32)
    return float(objective(encoder, hidden, targets, tf.constant(negatives, tf.int32)))


def _full(encoder) -> float:
    return float(FullSoftmax()(encoder, tf.constant(HIDDEN, tf.float32), tf.constant(TARGETS)))


def test_a_negative_stands_for_all_that_were_not_drawn(encoder):
    # Two uniform draws of three items: each item is expected 2/3 times, so one that came up once
    # counts 3/2 times.
    first = 3 / (3 + 3 / 2 * 3)  # negative 3 scores ln 3; negative 1 is the own target
    second = 2 / (2 + 3 / 2 * 1 + 3 / 2 * 2)
    loss = _loss(encoder, [1, 3])
    assert loss == pytest.approx(-(math.log(first) + math.log(second)) / 2, abs=1e-6)


def test_drawn_twice_counts_twice(encoder):
    # Three draws: each item is expected once; item 3 came up twice, item 2 not at all.
    first = 3 / (3 + 2 * 3)
    second = 2 / (2 + 1 + 2 * 2)
    loss = _loss(encoder, [3, 1, 3])
    assert loss == pytest.approx(-(math.log(first) + math.log(second)) / 2, abs=1e-6)


def test_the_own_target_among_the_negatives_changes_nothing(encoder):
    alone = {"hidden": [[LN3, 0]], "targets": [1]}
    # Four uniform draws of three items: each is expected 4/3 times. Item 1 came up twice, but
    # 3/4 x 2 x 3 is no part of the sum.
    expected = -math.log(3 / (3 + 3 / 4 * 1 + 3 / 4 * 3))
    assert _loss(encoder, [1, 1, 2, 3], **alone) == pytest.approx(expected, abs=1e-6)
    assert _loss(encoder, [1, 1, 1], **alone) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("negatives", "share"),
    [
        ([3, 1, 2], 0),
        ([1, 1, 2, 3], 1),  # by popularity, item 1 comes up twice as often
        ([1, 1, 2, 3] + [1, 1, 2, 2, 3, 3], 0.4),  # four by popularity, six uniformly
    ],
)
def test_drawn_as_often_as_expected_it_is_the_full_softmax(encoder, negatives, share):
    loss = _loss(encoder, negatives, popularity_share=share)
    assert loss == pytest.approx(_full(encoder), abs=1e-6)


def test_the_targets_of_the_batch_can_be_negatives_too(encoder):
    # One uniform draw: 1/3 expected of each item. Two targets: 2 x 1/2, 1/4 and 1/4 expected.
    # Together 4/3, 5/6 and 5/6; each item came up once.
    first = 3 / (3 + 6 / 5 * 1 + 6 / 5 * 3)
    second = 2 / (2 + 3 / 4 * 1 + 6 / 5 * 2)
    loss = _loss(encoder, [3], in_batch_negatives=True)
    assert loss == pytest.approx(-(math.log(first) + math.log(second)) / 2, abs=1e-6)


@pytest.mark.parametrize("share", [0, 0.5, 1])
@pytest.mark.parametrize(("hidden", "target", "total"), [(HIDDEN[0], 1, 7), (HIDDEN[1], 2, 5)])
def test_the_expected_sum_is_that_of_the_catalogue(encoder, share, hidden, target, total):
    # All 9 draws of two, each with its probability: e^loss x e^(own score) is the estimated sum
    # over the catalogue, which really is 3 + 1 + 3 = 7 or 1 + 2 + 2 = 5.
    popular, uniform = np.array(COUNTS) / 4, np.full(3, 1 / 3)
    first = popular if share >= 0.5 else uniform  # those by popularity come first
    second = popular if share == 1 else uniform
    expectation = 0
    for one, other in itertools.product(range(3), repeat=2):
        drawn = [one + 1, other + 1]
        loss = _loss(encoder, drawn, hidden=[hidden], targets=[target], popularity_share=share)
        own = {1: 3, 2: 2}[target]
        expectation += first[one] * second[other] * own * math.exp(loss)
    assert expectation == pytest.approx(total, abs=1e-4)


def test_the_correction_expects_whole_draws(encoder):
    # A share of 0.4 of three draws is 1.2: the pipeline draws one by popularity, two uniformly.
    # Items 1, 2, 3 are expected 1/2 + 2/3 = 7/6, 1/4 + 2/3 = 11/12 and 11/12 times.
    loss = _loss(encoder, [1, 2, 3], popularity_share=0.4)
    first = 3 / (3 + 12 / 11 * 1 + 12 / 11 * 3)
    second = 2 / (2 + 6 / 7 * 1 + 12 / 11 * 2)
    assert loss == pytest.approx(-(math.log(first) + math.log(second)) / 2, abs=1e-6)
