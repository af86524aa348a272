"""Recall of an index of cells is that of what is served, on histories that chose nothing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from helpers.mean_encoder import MeanEncoder
from sklearn.utils.extmath import randomized_svd

from export.graph import choice as indexing
from export.graph.cells import Cells, train_cells
from export.graph.choice import build_index
from export.graph.exact import exact_index
from export.graph.ivf import IvfIndex
from export.graph.recall import Asked, shares_by_probes, shares_served
from export.graph.recommender import Recommender
from export.options import ExportOptions
from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.data.splits import Queries, Split
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

WINDOW = 20


@pytest.fixture(autouse=True)
def without_a_curve(monkeypatch):
    """Which takes most of the time, and is drawn in `test_export_indexing`."""
    monkeypatch.setattr(indexing, "cost_curve", lambda *_: ())


@pytest.fixture(scope="module")
def movies(real_data):
    """ML-100K: its catalogue, an encoder of SVD vectors, histories to export with, others."""
    config = DataConfig(dataset="ml-100k", data_dir=str(real_data / "ml-100k"))
    dataset = load_dataset(config)
    queries = dataset.split.validation
    rated = np.zeros((len(queries), dataset.catalogue.size + 1))
    rated[queries.histories.value_rowids(), queries.histories.flat_values] = 1
    _, strength, right = randomized_svd(rated, 16, random_state=0)
    table = (strength[:, np.newaxis] ** 0.5 * right).T.astype(np.float32)
    order = np.random.default_rng(3).permutation(len(queries))
    some = lambda p: Queries(tf.gather(queries.histories, p), tf.gather(queries.targets, p))  # noqa: E731
    return SimpleNamespace(
        catalogue=dataset.catalogue,
        encoder=MeanEncoder(tf.constant(table), WINDOW),
        split=Split(dataset.split.training, some(order[:600]), some(order[600:650])),
        others=some(order[600:]).histories,
    )


def served_recall(movies, catalogue, index, k: int) -> tuple[float, float]:
    """Of what a model with the index serves the other people, and its standard error."""
    shares = []
    exact = exact_index(movies.encoder, catalogue)
    models = [Recommender(movies.encoder, catalogue, each, k, "ids") for each in (exact, index)]
    ids = np.concatenate([[0], catalogue.ids])
    histories = movies.others.with_flat_values(tf.gather(ids, movies.others.flat_values))
    answers = [model.recommend(histories) for model in models]
    rows = [answer["ids"].numpy() for answer in answers]
    for wanted, found in zip(*rows, strict=True):
        real = set(wanted[wanted > 0].tolist())
        if real:
            shares.append(len(real & set(found.tolist())) / len(real))
    return np.mean(shares), np.std(shares) / len(shares) ** 0.5


@pytest.mark.parametrize(
    ("k", "precision", "recall", "kept"),
    [(10, "int8", 0.9, None), (50, "float32", 0.8, None), (10, "float16", 0.9, 10)],
)
def test_the_reported_recall_is_that_of_what_is_served(movies, capsys, k, precision, recall, kept):
    catalogue = movies.catalogue
    if kept:
        withheld = np.ones(catalogue.size, bool)
        withheld[:: catalogue.size // kept] = False
        catalogue = replace(catalogue, withheld=withheld)
    options = ExportOptions(k=k, retrieval="ivf", precision=precision, recall=recall)
    exact = exact_index(movies.encoder, catalogue)
    index, facts = build_index(movies.encoder, exact, options, movies.split, ~catalogue.never())
    served, error = served_recall(movies, catalogue, index, k)
    noise = (error**2 + facts.recall.standard_error**2) ** 0.5
    assert facts.recall.share == pytest.approx(served, abs=3 * noise + 0.001)
    assert served >= recall - 3 * noise
    assert index.probes < facts.cells.cells or kept
    said = capsys.readouterr().err
    assert f"recall@{k} {facts.recall.share:.1%}" in said
    assert "300 validation histories, with which the probes were not chosen" in said


@pytest.fixture
def eagerly():
    """Tracing a search takes longer than a small one itself."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
def test_shares_are_those_of_an_index_at_each_number_of_probes():
    generator = np.random.default_rng(0)
    table = generator.standard_normal((201, 8)).astype(np.float32)
    table[0], table[150:] = 0, table[1]  # and ties
    cells = train_cells(table, 6)
    hidden = tf.ragged.constant(
        [generator.integers(1, 201, n) for n in [0, 5, 150, 7, 9]], tf.int32
    )
    allowed = np.append(False, generator.random(200) < 0.6)
    vectors = generator.standard_normal((5, 8)).astype(np.float32)
    asked = Asked(vectors, hidden, allowed, 10)
    for precision in ("float32", "int8"):
        build = lambda p: IvfIndex(table, np.zeros(201, np.float32), cells, p, precision)  # noqa: B023, E731
        expected = [
            shares_served(build(probes), table, asked)
            for probes in range(1, len(cells.centres) + 1)
        ]
        rated = build(1).dense()
        found = shares_by_probes(table, rated, cells, asked)
        np.testing.assert_allclose(found.T, expected, atol=1e-6)


def test_what_scores_the_same_as_the_last_is_as_good_and_nobody_is_served_what_is_hidden():
    table = np.array([[0, 0], [5, 0], [4, 0], [3, 1], [3, -1], [1, 0]], np.float32)
    cells = Cells(
        np.array([[3, 1], [3, -1], [1, 0]], np.float32), np.array([[3, 1], [4, 2], [5, 0]])
    )
    allowed = np.array([False, True, True, True, True, True])
    hidden = tf.ragged.constant([[1, 2], [1], [1, 2, 3, 4, 5]], tf.int32, ragged_rank=1)
    vectors = np.tile(np.array([[1, 0.001]], np.float32), (3, 1))
    vectors[0, 1] = 0  # rows 3 and 4 tie
    found = shares_by_probes(table, table, cells, Asked(vectors, hidden, allowed, 1))
    # Of the first, row 3 is as good as row 4; row 2 of the second is in the second cell; the third
    # has seen everything.
    np.testing.assert_array_equal(found, [[1, 1, 1], [0, 1, 1], [np.nan] * 3])


@pytest.mark.parametrize("count", [0, 1])
def test_two_histories_are_needed_to_choose_and_to_report(movies, count):
    few = Queries(movies.others[:count], tf.zeros([count], tf.int32))
    split = Split(few.histories, few, few)
    exact, options = exact_index(movies.encoder, movies.catalogue), ExportOptions(retrieval="ivf")
    with pytest.raises(InputError, match="--probes, or histories to choose them with: two"):
        build_index(movies.encoder, exact, options, split)
    probed = replace(options, probes=10_000 if count else 3)
    _, facts = build_index(movies.encoder, exact, probed, split)
    assert (facts.recall is not None) == bool(count)
    assert facts.cells.probes == (facts.cells.cells if count else 3)


def test_few_histories_a_recall_of_one_and_people_with_nothing_left(movies):
    histories = movies.others[:30]
    everything = tf.ragged.constant([list(range(1, movies.catalogue.size + 1))], tf.int32)
    histories = tf.concat([histories, everything], axis=0)
    queries = Queries(histories, tf.zeros([31], tf.int32))
    split, exact = Split(histories, queries, queries), exact_index(movies.encoder, movies.catalogue)
    options = ExportOptions(retrieval="ivf", recall=1)
    index, facts = build_index(movies.encoder, exact, options, split)
    assert (index.probes, facts.recall.share) == (facts.cells.cells, 1)
    assert facts.recall.of.startswith("the 10 items that exact retrieval serves after 16 ")
    _, facts = build_index(movies.encoder, exact, replace(options, recall=0.8), split)
    assert facts.recall.share >= 0.8 - 3 * facts.recall.standard_error


def test_somebody_without_a_history_gets_what_may_be_recommended(movies):
    """Also if everything that may be is less popular than what the cells hold."""
    allowed = np.zeros(movies.catalogue.size + 1, bool)
    allowed[np.argsort(movies.catalogue.popularity()[1:])[:10] + 1] = True
    catalogue = replace(movies.catalogue, withheld=~allowed[1:])
    exact = exact_index(movies.encoder, catalogue)
    options = ExportOptions(retrieval="ivf", probes=3)
    index, _ = build_index(movies.encoder, exact, options, None, allowed)
    model = Recommender(movies.encoder, catalogue, index, 10, "ids")
    found = model.recommend(tf.ragged.constant([[]], tf.int64, ragged_rank=1))["ids"].numpy()[0]
    assert set(found.tolist()) == set(catalogue.ids[allowed[1:]].tolist())
