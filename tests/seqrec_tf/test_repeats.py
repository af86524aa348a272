"""Repeats: what serving hides is a miss, and `--repeats` lets it come up again, everywhere."""

import dataclasses
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from seqrec_tf.data.dataset import Dataset, build_dataset
from seqrec_tf.data.filters import prepare
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.movielens import load_movielens
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.baselines import markov_scorer
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.evaluation.ranking import rank
from seqrec_tf.evaluation.report import verdict
from seqrec_tf.evaluation.seen_targets import seen_note, warn_of_seen_targets
from seqrec_tf.settings.config import DataConfig, RunConfig

# Item i scores 10 - i for everybody; padding would be the best.
SCORES = tf.range(10, -1, -1, dtype=tf.float32)
ITEMS = 10


def queries(*pairs, repeats=False) -> Queries:
    histories, targets = zip(*pairs, strict=True)
    ragged = tf.ragged.constant(histories, dtype=tf.int32, ragged_rank=1)
    return Queries(ragged, tf.constant(targets, tf.int32), repeats)


def ranked(*pairs, repeats=False, sampled=False):
    asked = queries(*pairs, repeats=repeats)
    scorer = lambda histories: tf.tile(SCORES[tf.newaxis], [histories.nrows(), 1])  # noqa: E731
    return rank(scorer, asked, ITEMS, sampled)


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    ("history", "target", "hidden", "repeated"),
    [
        ([1], 1, None, 0),  # the item just seen
        ([1, 2], 1, None, 0),
        ([2, 2, 2], 2, None, 1),
        ([9, 8, 7, 3], 3, None, 2),
        ([1, 2], 3, 0, 2),  # a new item: without repeats only what was not seen is before it
        ([5, 5], 4, 3, 3),
    ],
)
def test_a_target_seen_before_is_a_miss_unless_repeats_are_asked_for(
    history, target, hidden, repeated, sampled
):
    (place,) = ranked((history, target), sampled=sampled).ranks
    assert place >= 20 if hidden is None else place == hidden
    assert ranked((history, target), repeats=True, sampled=sampled).ranks.tolist() == [repeated]


def test_what_is_recommended_is_what_serving_recommends():
    pairs = [([1, 2], 1), ([3], 4)]
    hidden, repeated = (ranked(*pairs, repeats=repeats).recommended for repeats in (False, True))
    assert hidden.tolist() == [[*range(3, 11), 0, 0], [1, 2, *range(4, 11), 0]]
    assert repeated.tolist() == [list(range(1, 11))] * 2


def test_an_unknown_target_is_a_miss_either_way():
    for repeats in (False, True):
        assert ranked(([1], 0), repeats=repeats).ranks[0] >= 20


def test_seen_targets_are_counted():
    asked = queries(([1, 2], 1), ([1], 2), ([3, 4, 4], 4), ([5], 0))
    assert asked.seen().tolist() == [True, False, True, False]
    assert asked.sample(2, 0).repeats is False
    assert dataclasses.replace(asked, repeats=True).sample(2, 0).repeats is True


def log(rows, **columns) -> Interactions:
    table = pd.DataFrame(rows, columns=["user", "item", "time"])
    return Interactions(table.assign(**columns), pd.Series(dtype=str), "item_ids", "log.csv")


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([(1, 5, 3), (1, 5, 3)], [(1, 5, 3)]),
        ([(1, 5, 3), (1, 6, 3), (1, 5, 3)], [(1, 5, 3), (1, 6, 3)]),  # the first of ties stays
        ([(1, 5, 3)] * 7 + [(2, 5, 3)], [(1, 5, 3), (2, 5, 3)]),
        ([("a", "x", 1.5), ("a", "x", 1.5)], [("a", "x", 1.5)]),
        ([(1, 5, 3), (1, 5, 4), (2, 5, 3), (1, 6, 3)], None),  # none of them is a duplicate
    ],
)
def test_duplicate_rows_are_dropped_and_counted(rows, kept, capfd):
    found = prepare(log(rows)).table
    said = capfd.readouterr().err
    wanted = sorted(rows, key=lambda row: (row[0], row[2])) if kept is None else kept
    assert list(found.itertuples(index=False, name=None)) == wanted
    dropped = len(rows) - len(wanted)
    expected = f"log.csv: {dropped} of {len(rows)} rows dropped, duplicates" if dropped else ""
    assert said.startswith(expected) and (said.count("\n") == bool(dropped))


def test_duplicates_do_not_count_for_the_filters():
    rows = [(1, 5, 3), (1, 5, 3), (1, 6, 4), (2, 6, 5)]
    assert prepare(log(rows), min_item_count=2).table["item"].tolist() == [6, 6]
    assert prepare(log(rows, rating=[5, 1, 5, 5]), min_rating=3).table["rating"].tolist() == [5] * 3


def dataset_of(rows, repeats=False) -> Dataset:
    config = DataConfig(interactions="log.csv", protocol="P2", repeats=repeats)
    return build_dataset(config, prepare(log(rows)))


AGAIN = [(user, item, at) for user in range(3) for at, item in enumerate([1, 2, 1, 2, 1])]


def test_the_protocol_names_repeats():
    assert dataset_of(AGAIN, repeats=True).protocol == "P2 (repeats)"
    assert dataset_of(AGAIN).protocol == "P2"
    assert RunConfig.from_dict({"data": {"dataset": "ml-1m"}}).data.repeats is False


@pytest.mark.parametrize("repeats", [False, True])
def test_a_log_of_repeats_only(repeats, capfd):
    """Markov knows what comes next; without repeats nobody can be recommended it."""
    dataset = dataset_of(AGAIN, repeats)
    for part in (dataset.split.validation, dataset.split.test):
        markov = rank(markov_scorer(dataset.split.training, dataset.catalogue), part, 2)
        assert markov.metrics(2)["ndcg@10"] == float(repeats)
        assert (markov.recommended > 0).any() == repeats
    warn_of_seen_targets(dataset)
    said = capfd.readouterr().err
    assert said == "" if repeats else "3 of 3 validation and 3 of 3 test targets" in said
    assert repeats or "no epoch is better than another" in said


def test_a_sentence_says_how_many_targets_had_been_seen():
    rows = {"test": {"ndcg@10": 0.0}, "baselines": {"markov": {"ndcg@10": 0.0}}, "users": 3}
    old = Metrics.from_dict({"protocol": "P1", **rows})
    counted = replace(old, repeats=False, seen_targets={"test": 1, "validation": 0})
    said = seen_note(counted.as_dict())
    assert said.startswith("1 of 3 test targets had been seen before, and count as")
    assert verdict(counted, "sasrec") == "sasrec does NOT beat markov in test NDCG@10."
    every = replace(counted, seen_targets={"test": 3, "validation": 0})
    assert verdict(every, "sasrec").startswith("Nothing is known of how good it is")
    assert "NOT beat" in verdict(replace(every, repeats=True), "sasrec")
    assert "(--repeats)" in seen_note(replace(every, repeats=True).as_dict())
    assert seen_note(old.as_dict()) == ""  # metrics of a run before this was counted


def test_ml_100k_delivered_twice_is_ml_100k(real_data, capfd):
    once = load_movielens("ml-100k", real_data / "ml-100k")
    twice = dataclasses.replace(once, table=pd.concat([once.table] * 2, ignore_index=True))
    tables = [prepare(each, min_item_count=5) for each in (once, twice)]
    pd.testing.assert_frame_equal(*(each.table for each in tables))
    assert "ml-100k: 100,000 of 200,000 rows dropped" in capfd.readouterr().err
    dataset = build_dataset(DataConfig(dataset="ml-100k"), tables[1])
    assert not dataset.split.test.seen().any()
    markov = markov_scorer(dataset.split.training, dataset.catalogue)
    found = rank(markov, dataset.split.test, dataset.catalogue.size)
    assert np.mean(found.ranks < 10) == pytest.approx(0.144221, abs=1e-6)  # as of u.data once
