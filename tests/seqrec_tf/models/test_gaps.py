"""Buckets of times: the edges, what is unknown, and numbers beyond any calendar."""

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.models.gaps import BUCKETS, UNKNOWN, gap_bucket, gaps_to_all

LONG = 2**62


def bucket(earlier: int, later: int) -> int:
    return int(gap_bucket(tf.constant(earlier, tf.int64), tf.constant(later, tf.int64)))


@pytest.mark.parametrize(
    ("gap", "expected"),
    # gap + 1 is 1, 2, 3, 4, 6, 8, 12, ...: two buckets for each doubling.
    [(0, 1), (1, 3), (2, 4), (3, 5), (4, 5), (5, 6), (6, 6), (7, 7), (11, 8), (15, 9), (23, 10)],
)
def test_two_buckets_a_doubling(gap, expected):
    assert bucket(1_000, 1_000 + gap) == expected


def test_longer_gaps_have_no_lower_bucket_and_all_are_used_up_to_the_last():
    gaps = np.unique(np.logspace(0, 13, 4000).astype(np.int64))
    found = gap_bucket(tf.ones_like(gaps), tf.constant(gaps + 1)).numpy()
    assert (np.diff(found) >= 0).all()
    assert sorted(set(found)) == list(range(3, BUCKETS))


@pytest.mark.parametrize("earlier", [0, -1, -(2**63)])
@pytest.mark.parametrize("later", [0, -1, 1, 2**63 - 1, -(2**63)])
def test_without_one_of_the_times_it_is_unknown(earlier, later):
    assert bucket(earlier, later) == UNKNOWN
    assert bucket(later, earlier) == UNKNOWN


def test_backwards_is_no_time_and_very_long_is_the_last_bucket():
    assert bucket(LONG, 5) == bucket(5, 5) == 1
    assert bucket(1, LONG) == bucket(1, 2**63 - 1) == BUCKETS - 1


def test_every_item_to_every_moment():
    been, asked = tf.constant([[10, 20, 0]], tf.int64), tf.constant([[20, 27, 30]], tf.int64)
    expected = [[[bucket(j, i) for j in (10, 20, 0)] for i in (20, 27, 30)]]
    assert gaps_to_all(been, asked).numpy().tolist() == expected
