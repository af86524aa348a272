"""Transitions against counts written out, whole and as narrow factors."""

import numpy as np
import pytest

from seqrec_tf.similarity import Histories, decayed, transitions
from seqrec_tf.similarity.markov import POPULARITY

# 1 is followed by 2 twice and by 3 once; 2 by 3; nothing follows 3 or 4, nor a history's end.
HISTORIES = [[1, 2, 3], [1, 2], [1, 3], [4]]
VALUES = np.concatenate(HISTORIES)
SPLITS = np.cumsum([0, *map(len, HISTORIES)])
LOG = Histories(VALUES, SPLITS, 4)


def scores(model, weights=None) -> np.ndarray:
    return model.scores(decayed(np.arange(5), np.arange(6), 4, 0.0))


def test_counts_of_unit_length_over_popularity():
    found = scores(transitions(LOG))
    popularity = POPULARITY * np.array([0, 3, 2, 2, 1]) / 3
    np.testing.assert_allclose(found[1] - popularity, np.array([0, 0, 2, 1, 0]) / 5**0.5, atol=1e-6)
    np.testing.assert_allclose(found[2] - popularity, [0, 0, 0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(found[3], popularity, rtol=1e-6)
    np.testing.assert_allclose(found[4], popularity, rtol=1e-6)  # its history ends the log


@pytest.mark.parametrize("splits", [[0, 0, 2, 2, 4, 4], [0, 2, 4]])
def test_empty_histories_are_no_borders_of_others(splits):
    model = transitions(Histories(np.array([1, 2, 3, 4]), np.array(splits), 4))
    assert sorted(zip(*model.rows.nonzero(), strict=True)) == [(1, 2), (3, 4)]


def test_no_interactions_at_all():
    model = transitions(Histories(np.array([], np.int64), np.array([0, 0]), 4))
    assert not model.rows.nnz and not model.popularity.any()


def test_the_highest_rank_is_the_whole():
    model = transitions(LOG)
    weights = np.array([1, 3, 2, 2, 1], np.float32)
    factors = model.low_rank(6, weights)
    whole = scores(model)
    whole[0] = 0  # padding scores nothing
    found = factors.scores(decayed(np.arange(5), np.arange(6), 4, 0.0))
    np.testing.assert_allclose(found, whole, atol=1e-5)
    assert (
        model.low_rank(1, weights).history.shape[1] == 2
    )  # one for transitions, one for popularity
