"""Item-item baselines: validation chooses their settings, and they score what they should."""

import dataclasses

import numpy as np
import pytest

from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation import simple_models as room
from seqrec_tf.evaluation.measuring import measure
from seqrec_tf.evaluation.ranking import rank
from seqrec_tf.evaluation.simple_models import fitted, histories_of, item_item_scorer, simple_models
from seqrec_tf.models import build_encoder
from seqrec_tf.settings.config import DataConfig, EncoderConfig
from seqrec_tf.similarity import decayed, ease, item_knn, linear

PAIRS, LONELY = 30, 3


def write(folder, walks) -> DataConfig:
    rows = [f"u{u},i{item},{at}" for u, walk in enumerate(walks) for at, item in enumerate(walk)]
    (folder / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    return DataConfig(interactions=str(folder / "log.csv"), protocol="P2")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Users of two groups, with four items each that the other group never has."""
    generator = np.random.default_rng(0)
    walks = [generator.permutation(4) + 4 * (user % 2) for user in range(60)]
    return load_dataset(write(tmp_path_factory.mktemp("groups"), walks))


def test_the_best_of_each_grid(dataset):
    found = simple_models(dataset)
    assert [model.name for model in found] == ["item-knn", "ease"]
    for model in found:
        assert model.settings["decay"] in room.DECAYS
        assert model.ndcg > 0.6  # two of a group's items are left: rank 0 or 1
        # No other setting is better on the queries that choose.
        grid, items = room.GRIDS[model.name], dataset.catalogue.size
        histories = room.histories_of(dataset.split.training, items)
        for settings in grid.settings(items):
            for decay in grid.decays:
                scorer = item_item_scorer(grid.fit(histories, **settings), decay, items)
                ranking = rank(scorer, dataset.split.validation, dataset.catalogue.size)
                figure = ranking.metrics(dataset.catalogue.size)["ndcg@10"]
                assert figure <= model.ndcg, (model.name, settings, decay)


def test_test_queries_choose_nothing(dataset):
    class Untouchable(Queries):
        @property
        def histories(self):
            raise AssertionError("a test query was read")

    empty = object.__new__(Untouchable)
    hidden = dataclasses.replace(dataset, split=dataclasses.replace(dataset.split, test=empty))
    names = [model.settings for model in simple_models(hidden)]
    assert names == [model.settings for model in simple_models(dataset)]


def test_what_is_fitted_again_keeps_its_settings(dataset, monkeypatch):
    monkeypatch.setattr(linear, "EXACT_ITEMS", 3)
    (few,) = simple_models(dataset, ["ease"])
    assert few.settings["neighbours"] == linear.NEIGHBOURS
    histories = histories_of(dataset.split.training, dataset.catalogue.size)
    weights = decayed(np.arange(9), np.arange(10), 8, 0.5)
    again = fitted(few, histories).similarities.scores(weights)
    np.testing.assert_array_equal(again, few.similarities.scores(weights))
    # As a run had it that was trained when this many items were few enough for all.
    settings = {name: few.settings[name] for name in ("ridge", "decay")}
    every = fitted(dataclasses.replace(few, settings=settings), histories)
    expected = ease(histories, settings["ridge"]).scores(weights)
    np.testing.assert_array_equal(every.similarities.scores(weights), expected)


def test_scores_are_decayed_sums(dataset):
    training, items = dataset.split.training, dataset.catalogue.size
    model = item_knn(histories_of(training, items), "cosine")
    import tensorflow as tf

    histories = tf.ragged.constant([[1, 2], [2]], dtype=tf.int32)
    both, last = item_item_scorer(model, 0.5, items)(histories).numpy()
    (first,) = item_item_scorer(model, 0.5, items)(
        tf.ragged.constant([[1]], dtype=tf.int32)
    ).numpy()
    np.testing.assert_allclose(both, last + 0.5 * first, rtol=1e-6)


def test_every_evaluation_has_them_with_validation_and_settings(dataset):
    encoder = build_encoder(EncoderConfig(dim=4, window=4), dataset.catalogue.size)
    metrics = measure(encoder, dataset)
    names = ["popularity", "recent popularity", "markov", "item-knn", "ease"]
    assert list(metrics.baselines) == list(metrics.baselines_validation) == names
    assert set(metrics.baseline_settings) == {"item-knn", "ease"}
    best = max(names, key=lambda name: metrics.baselines_validation[name]["ndcg@10"])
    against = metrics.against
    assert metrics.baselines_validation[against["baseline"]] == metrics.baselines_validation[best]
    difference = metrics.test["ndcg@10"] - metrics.baselines[against["baseline"]]["ndcg@10"]
    assert against["mean"] == pytest.approx(difference, abs=2e-6) and against["margin"] > 0


def test_recent_popularity_counts_the_newest_tenth(tmp_path):
    # 20 users train on item i0 at time 0 and i1 at time 1, and two of them on i2 much later.
    rows = [(u, item, at) for u in range(20) for at, item in enumerate(["i0", "i1"])]
    rows += [(u, "i2", 100) for u in range(2)] + [(u, "i3", 101) for u in range(2)]
    lines = "".join(f"u{u},{item},{at}\n" for u, item, at in rows)
    more = "".join(f"v{u},i{i},{50 + i}\n" for u in range(3) for i in (0, 1, 2))
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp\n" + lines + more)
    dataset = load_dataset(DataConfig(interactions=str(tmp_path / "log.csv"), protocol="P2"))
    assert dataset.recent.sum() >= dataset.catalogue.counts.sum() * 0.1
    assert (dataset.recent <= dataset.catalogue.counts).all()


@pytest.mark.parametrize("walks", [[[0, 1, 2, 3]] * LONELY, [[0, 1, 0, 1]] * 3 + [[2]] * 4])
def test_very_little_data(tmp_path, walks):
    dataset = load_dataset(write(tmp_path, walks))
    encoder = build_encoder(EncoderConfig(dim=4, window=4), dataset.catalogue.size)
    metrics = measure(encoder, dataset)
    assert set(metrics.baselines) > {"item-knn", "ease"}
