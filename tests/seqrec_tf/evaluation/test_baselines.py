"""Popularity and the Markov chain on a handful of counts."""

import numpy as np
import pytest
from helpers.tensors import ragged

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.evaluation.baselines import markov_scorer, popularity_scorer

TRAINING = [[1, 2, 3], [1, 2], [1, 3], [2, 4, 4], [4], []]


@pytest.fixture
def catalogue():
    # Items 1..5 come up 3, 3, 2, 3 and 0 times in TRAINING: 11 in all.
    counts = np.bincount(np.concatenate(TRAINING).astype(int), minlength=6)[1:]
    assert counts.tolist() == [3, 3, 2, 3, 0]
    return Catalogue(np.arange(1, 6), np.array(list("abcde"), object), counts, "item_ids")


def test_popularity_is_the_same_for_every_history(catalogue):
    scores = popularity_scorer(catalogue)(ragged([[1], [2, 3], [5]])).numpy()
    expected = np.array([0, 3, 3, 2, 3, 0]) / 11
    np.testing.assert_allclose(scores, [expected] * 3, rtol=1e-6)


def test_markov_counts_what_followed_the_last_item(catalogue):
    scores = markov_scorer(ragged(TRAINING), catalogue)(ragged([[5, 1], [2], [4, 4]])).numpy()
    popularity = np.array([0, 3, 3, 2, 3, 0]) / 11
    followed = [
        [0, 0, 2, 1, 0, 0],  # after 1: twice 2, once 3
        [0, 0, 0, 1, 1, 0],  # after 2: once 3, once 4
        [0, 0, 0, 0, 1, 0],  # after 4: 4 itself
    ]
    np.testing.assert_allclose(scores, followed + popularity, rtol=1e-6)


def test_markov_orders_equal_counts_by_popularity(catalogue):
    scores = markov_scorer(ragged(TRAINING), catalogue)(ragged([[2]])).numpy()[0]
    # After 2: 3 and 4 once each, and 4 is the more popular; then 1 and 2 before 5.
    assert np.argsort(-scores[1:], kind="stable").tolist() == [3, 2, 0, 1, 4]


def test_markov_falls_back_to_popularity(catalogue):
    histories = ragged([[5], [1, 3]])  # nothing ever followed 5 or 3
    expected = popularity_scorer(catalogue)(histories)
    np.testing.assert_allclose(markov_scorer(ragged(TRAINING), catalogue)(histories), expected)
