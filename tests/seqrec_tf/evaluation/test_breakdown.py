"""Buckets of queries by hand: who belongs where, and what each scorer gets there."""

import math

import numpy as np
import pytest

from seqrec_tf.evaluation.breakdown import LENGTHS, breakdown, popularity_thirds
from seqrec_tf.evaluation.ranking import Ranking

# Thirty training interactions, so a third is ten.
COUNTS = np.array([10, 6, 8, 6, 0])


def _breakdown(ranks, lengths, targets, counts=COUNTS):
    ranks = {name: np.array(values, np.int32) for name, values in ranks.items()}
    return breakdown(ranks, np.array(lengths), np.array(targets, np.int32), np.array(counts))


def _buckets(rows: list[dict]) -> dict[str, int]:
    return {row["bucket"]: row["queries"] for row in rows}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([4, 4, 4], [0, 1, 2]),
        ([1, 1, 1, 3, 3, 3], [2, 2, 2, 0, 0, 1]),  # 3 of 12 before the second, 6 before the third
        ([1, 8], [2, 0]),  # one item with nearly everything is the head, with nothing between
        ([0, 5, 0], [2, 0, 2]),  # never seen in training
        ([0, 0], [0, 0]),  # no training interaction at all: everything is equally popular
    ],
)
def test_popularity_is_cut_at_thirds_of_the_interactions(counts, expected):
    assert popularity_thirds(np.array(counts)).tolist() == [-1, *expected]


def test_an_item_on_the_border_is_the_more_popular():
    # In order of popularity: row 1 (0 of 30 before it), 3 (10), 2 (18), 4 (24), 5 (30).
    assert popularity_thirds(COUNTS).tolist() == [-1, 0, 1, 1, 2, 2]


def test_lengths_are_cut_after_their_upper_edge():
    lengths = [1, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, 200, 201, 5000]
    rows = _breakdown({"model": [0] * 14}, lengths, [1] * 14)["history_length"]
    assert _buckets(rows) == dict.fromkeys(LENGTHS, 2)


def test_each_bucket_has_its_own_metrics_of_every_scorer():
    parts = _breakdown(
        {"model": [0, 2, 9, 10], "markov": [10, 10, 0, 1]},
        lengths=[3, 4, 30, 30],
        targets=[1, 4, 4, 1],
    )
    assert parts["history_length"] == [
        {
            "bucket": "1-5",
            "queries": 2,
            "model": {"hit_rate@10": 1, "ndcg@10": (1 + 1 / 2) / 2},  # log2 of 2 and of 4
            "markov": {"hit_rate@10": 0, "ndcg@10": 0},
        },
        {
            "bucket": "21-50",
            "queries": 2,
            "model": {"hit_rate@10": 1 / 2, "ndcg@10": round(1 / math.log2(11) / 2, 6)},
            "markov": {"hit_rate@10": 1, "ndcg@10": round((1 + 1 / math.log2(3)) / 2, 6)},
        },
    ]
    assert _buckets(parts["popularity"]) == {"head": 2, "tail": 2}
    head, tail = parts["popularity"]
    assert head["model"] == {"hit_rate@10": 1 / 2, "ndcg@10": 1 / 2}  # ranks 0 and 10
    assert tail["markov"] == {"hit_rate@10": 1 / 2, "ndcg@10": 1 / 2}  # ranks 10 and 0


def test_an_unknown_target_is_a_miss_of_its_length_and_has_no_popularity():
    parts = _breakdown({"model": [0, 20]}, lengths=[7, 8], targets=[1, 0])
    assert _buckets(parts["history_length"]) == {"6-10": 2}
    assert parts["history_length"][0]["model"] == {"hit_rate@10": 1 / 2, "ndcg@10": 1 / 2}
    assert _buckets(parts["popularity"]) == {"head": 1}
    assert parts["popularity"][0]["model"] == {"hit_rate@10": 1, "ndcg@10": 1}


def test_without_a_known_target_there_is_no_popularity_bucket():
    parts = _breakdown({"model": [20]}, lengths=[1], targets=[0])
    assert parts["popularity"] == [] and _buckets(parts["history_length"]) == {"1-5": 1}


def test_the_buckets_add_up_to_the_metrics_of_all_queries():
    random = np.random.default_rng(0)
    ranks = random.integers(0, 30, 500)
    parts = _breakdown({"model": ranks}, random.integers(1, 300, 500), random.integers(1, 6, 500))
    whole = Ranking(ranks, np.ones((500, 20), np.int32)).metrics(items=5)
    for rows in parts.values():
        assert sum(row["queries"] for row in rows) == 500
        for name in ("hit_rate@10", "ndcg@10"):
            mean = sum(row["queries"] * row["model"][name] for row in rows) / 500
            assert mean == pytest.approx(whole[name], abs=2e-6)


def test_cold_users_and_items_stand_apart():
    ranks, lengths, targets = [0, 0, 99, 5], [3, 3, 3, 3], [1, 2, 0, 0]
    arrays = (np.array(values) for values in (lengths, targets))
    parts = breakdown(
        {"model": np.array(ranks)}, *arrays, COUNTS, np.array([True, False, True, False])
    )
    assert _buckets(parts["cold_start"]) == {"known": 1, "new user": 1, "new item": 2}


@pytest.mark.parametrize("trained", [None, np.array([True, True])])
def test_without_anything_cold_there_is_no_such_part(trained):
    parts = breakdown({"model": np.zeros(2)}, np.ones(2), np.array([1, 2]), COUNTS, trained)
    assert set(parts) == {"history_length", "popularity"}
