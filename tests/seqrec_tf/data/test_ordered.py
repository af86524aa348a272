"""Order survives float32: counts above 2^24, and popularity among equal counts of many items."""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.ordered import ordered_floats
from seqrec_tf.evaluation.baselines import markov_scorer, popularity_scorer

MANY = 40_000
COUNTS = [
    [2**24, 2**24 + 1, 2**24 + 2, 2**24 + 1, 0],
    [2**31, 2**31 + 1, 2**31 - 1],
    [2**53, 2**53 - 1, 2**53 - 2, 1, 0],
    [2**53 - number for number in range(2000)],  # adds up to more than an int64 holds
    list(range(10**9, 10**9 + 1000)),
    [3, 3, 2, 3, 0],
    [0, 0],
    [5],
]


def catalogue_of(counts) -> Catalogue:
    counts = np.array(counts)
    return Catalogue(np.arange(1, len(counts) + 1), counts.astype(str), counts, "item_ids")


def same_order(scores: np.ndarray, *keys: np.ndarray) -> bool:
    """Whether scores differ exactly where keys do, and rise as they do."""
    order = np.lexsort(keys[::-1])
    rises = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    return np.array_equal(np.sign(np.diff(scores[order])), rises)


@pytest.mark.parametrize("counts", COUNTS)
def test_popularity_has_the_order_of_the_counts(counts):
    catalogue = catalogue_of(counts)
    shares = catalogue.popularity()
    assert shares.dtype == np.float32 and shares[0] == 0 and shares.max() <= 1
    assert same_order(shares[1:], catalogue.counts)
    exact = np.array(counts, float) / max(sum(counts), 1)
    np.testing.assert_allclose(shares[1:], exact, rtol=3e-4)
    scores = popularity_scorer(catalogue)(tf.ragged.constant([[1], [1]], dtype=tf.int32))
    np.testing.assert_array_equal(scores, [shares, shares])


def test_shares_that_were_read_back_keep_their_order():
    """As a refreshed export has them, whose counts are the shares of the version before."""
    shares = catalogue_of(COUNTS[2]).popularity()[1:]
    again = catalogue_of(COUNTS[2])
    again = Catalogue(again.ids, again.titles, shares, "item_ids").popularity()[1:]
    assert same_order(again, np.array(COUNTS[2]))


@pytest.mark.parametrize("offset", [0, 2**24, 2**40])
def test_markov_orders_equal_counts_by_popularity(offset):
    """Item 1 is followed by 2, 3, 4, 5: once, twice, twice, once."""
    training = tf.ragged.constant([[1, 3], [1, 4], [1, 5], [1, 2], [1, 3], [1, 4]], dtype=tf.int32)
    counts = offset + np.array([9, 7, 5, 6, 8, 3, 4])
    catalogue = catalogue_of(counts)
    (scores,) = markov_scorer(training, catalogue)(tf.ragged.constant([[1]], dtype=tf.int32))
    order = (np.argsort(-scores.numpy()[1:], kind="stable") + 1).tolist()
    assert order == [4, 3, 5, 2, 1, 7, 6]
    assert len(set(scores.numpy().tolist())) == 8


def test_markov_on_many_items_with_large_counts():
    """Every item follows item 1 once; the order is popularity's to the last digit."""
    items = np.arange(1, MANY + 1)
    pairs = np.stack([np.ones_like(items), items], axis=1).ravel()
    training = tf.RaggedTensor.from_row_lengths(tf.constant(pairs, tf.int32), [2] * MANY)
    counts = 2**24 + np.random.default_rng(0).permutation(MANY)
    catalogue = catalogue_of(counts)
    scores = markov_scorer(training, catalogue)(tf.ragged.constant([[1], [7]], dtype=tf.int32))
    assert same_order(scores.numpy()[0, 1:], counts)
    np.testing.assert_array_equal(scores[1], catalogue.popularity())  # nothing followed 7
    assert scores.numpy()[0, 1:].min() > 1


def test_counts_of_transitions_beyond_float32_come_first():
    values, times = np.array([5, 4, 6, 6]), np.array([2**24 + 1, 2**24 + 1, 2**24, 2**24 + 2])
    found = ordered_floats(times + values / 21, times, values)
    assert np.argsort(-found).tolist() == [3, 0, 1, 2] and len(set(found)) == 4
    assert ordered_floats(np.zeros(0), np.zeros(0)).tolist() == []
