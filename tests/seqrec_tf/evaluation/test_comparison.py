"""The paired difference of two models, by hand."""

import numpy as np
import pytest

from seqrec_tf.evaluation.comparison import ndcg, paired_difference
from seqrec_tf.evaluation.difference import Difference


def test_ndcg_of_ranks():
    expected = [1, 1 / np.log2(3), 1 / np.log2(11), 0]
    np.testing.assert_allclose(ndcg(np.array([0, 1, 9, 10])), expected)


def test_the_difference_is_of_the_same_queries():
    found = paired_difference(np.array([0, 0, 10, 0]), np.array([0, 10, 10, 10]))
    # 0, 1, 0 and 1: mean 1/2, standard deviation sqrt(1/3).
    assert found.mean == 0.5
    assert found.margin == pytest.approx(1.96 * (1 / 3) ** 0.5 / 2, abs=1e-6)


def test_one_query_has_no_interval_but_a_difference():
    assert paired_difference(np.array([0]), np.array([10])) == Difference(1.0, 0.0)


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (Difference(0.004, 0.002), "A is better than B by 0.0040 +- 0.0020 NDCG@10"),
        (Difference(-0.004, 0.002), "A is worse than B by 0.0040 +- 0.0020 NDCG@10"),
        (Difference(0.001, 0.002), "A is not distinguishable from B: +0.0010 +- 0.0020 NDCG@10"),
        (Difference(0.0, 0.0), "A is not distinguishable from B: +0.0000 +- 0.0000 NDCG@10"),
    ],
)
def test_the_sentence_follows(difference, sentence):
    assert difference.sentence("A", "B") == sentence
