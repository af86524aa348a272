"""Item-item matrices against the arithmetic written out, exact and as narrow factors."""

import tracemalloc

import numpy as np
import pytest

from seqrec_tf.similarity import Histories, decayed, ease, item_knn, linear, matrices

HISTORIES = [[1, 2, 3], [1, 2], [2, 3, 3], [4, 1], [4]]
VALUES = np.concatenate(HISTORIES)
SPLITS = np.cumsum([0, *map(len, HISTORIES)])
HAD = np.array(
    [
        [0, 1, 1, 1, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],  # twice is once
        [0, 1, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ],
    np.float32,
)
ALL = np.eye(5, dtype=np.float32)
COUNTS = np.array([1, 3, 3, 2, 2], np.float32)


LOG = Histories(VALUES, SPLITS, 4)


def _implicit(histories: Histories) -> matrices.Implicit:
    return matrices.Implicit(histories.matrix)


def _sparse(histories: Histories) -> matrices.Sparse:
    return ease(histories, 2.0, neighbours=4)


def similarity(model) -> np.ndarray:
    """The matrix, from histories of one item each."""
    return model.scores(decayed(np.arange(5), np.arange(6), 4, 0.5))


def test_who_had_what():
    np.testing.assert_array_equal(LOG.matrix.toarray(), HAD)


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_histories_keep_their_order(kind):
    values, row_splits = np.array([3, 1, 3, 2], kind), np.array([0, 3, 4], kind)
    histories = Histories(values, row_splits, 4)
    assert histories.matrix.nnz == 3 and decayed(values, row_splits, 4, 0.5).nnz == 3
    assert list(values) == [3, 1, 3, 2] and list(row_splits) == [0, 3, 4]


def test_the_newest_of_each_history():
    newest = LOG.recent(2)
    assert [list(part) for part in np.split(newest.values, newest.row_splits[1:-1])] == [
        *([2, 3], [1, 2], [3, 3], [4, 1], [4]),
    ]
    same = LOG.recent(3)
    assert list(same.values) == list(VALUES) and list(same.row_splits) == list(SPLITS)
    nobody = Histories(np.array([], int), np.array([0, 0]), 4).recent(2)
    assert list(nobody.row_splits) == [0, 0]


def test_weights_decay_from_the_newest_and_add_up():
    weights = decayed(np.array([3, 1, 3, 2]), np.array([0, 3, 3, 4]), 4, 0.5)
    expected = [[0, 0.5, 0, 1 + 0.25, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(weights.toarray(), expected)


def test_without_decay_the_newest_item_counts_alone():
    weights = decayed(np.array([3, 1]), np.array([0, 2]), 4, 0.0)
    np.testing.assert_array_equal(weights.toarray(), [[0, 1, 0, 0, 0]])


def test_cosine():
    found = similarity(item_knn(LOG, "cosine"))
    # 1 and 2 are together twice, with three users each; 1 and 3 once, 3 having two.
    assert found[1, 2] == found[2, 1] == pytest.approx(2 / 3)
    assert found[1, 3] == pytest.approx(1 / np.sqrt(3 * 2))
    assert found[3, 4] == 0
    assert not np.diag(found).any() and not found[0].any() and not found[:, 0].any()


def test_bm25():
    found = similarity(item_knn(LOG, "bm25"))
    # Users 0 and 1 had 1 and 2: log(4 / 3)^2 + log(4 / 2)^2, times both items' weights.
    mean = 10 / 4  # users an item; item 1 and 2 have 3 each
    weight = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 3 / mean))
    assert found[1, 2] == pytest.approx(weight**2 * (np.log(4 / 3) ** 2 + np.log(2) ** 2), rel=1e-5)
    assert found[3, 4] == 0 and not np.diag(found).any()


def ease_by_inversion(ridge: float, had: np.ndarray = HAD) -> np.ndarray:
    inverse = np.linalg.inv(had.T @ had + ridge * np.eye(had.shape[1]))
    found = -inverse / np.diag(inverse)
    np.fill_diagonal(found, 0)
    return found


def test_ease():
    np.testing.assert_allclose(similarity(ease(LOG, 2.0)), ease_by_inversion(2.0), atol=1e-6)


def test_ease_on_all_others_is_ease():
    had = np.random.default_rng(0).integers(0, 2, [40, 5]).astype(np.float32)
    had[:, 0] = 0
    log = Histories(np.nonzero(had)[1], np.cumsum([0, *had.sum(axis=1)], dtype=int), 4)
    assert np.all((had.T @ had)[1:, 1:])  # who never were together explain nothing
    found = similarity(ease(log, 2.0, neighbours=7))
    np.testing.assert_allclose(found, ease_by_inversion(2.0, had), atol=1e-6)


def test_ease_on_the_one_that_explains_most():
    found = similarity(ease(LOG, 2.0, neighbours=1))
    # 2 is with 1 twice, with 3 twice; 1 has three users and 3 has two: 4 / (2 + 2) is the most.
    # 1 and 3 have 2 twice; 4 has 1 once.
    expected = np.zeros([5, 5])
    expected[3, 2] = 2 / (2 + 2)
    expected[2, 1] = expected[2, 3] = 2 / (3 + 2)
    expected[1, 4] = 1 / (3 + 2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_ease_of_a_large_catalogue_is_on_few(monkeypatch):
    monkeypatch.setattr(linear, "EXACT_ITEMS", 3)
    assert [settings["neighbours"] for settings in linear.ease_settings(4)] == [50, 50]
    assert all("neighbours" not in settings for settings in linear.ease_settings(3))


def test_long_histories_are_cut_where_their_pairs_are_too_many(monkeypatch):
    uncut = similarity(_sparse(LOG))
    monkeypatch.setattr(linear, "PAIRS", 4 + 4 + 4 + 4 + 1)
    found = similarity(ease(LOG, 2.0, neighbours=4))
    np.testing.assert_array_equal(found, similarity(ease(LOG.recent(2), 2.0, neighbours=4)))
    assert np.abs(found - uncut).max() > 0.01


@pytest.mark.parametrize(
    "fit", [lambda log: ease(log, 2.0), _sparse, lambda log: item_knn(log, "cosine")]
)
def test_factors_of_full_rank_are_the_matrix(fit):
    model = fit(LOG)
    factors = model.low_rank(5, COUNTS)
    assert factors.history.shape == factors.candidates.shape == (5, 5)
    np.testing.assert_allclose(similarity(factors), similarity(model), atol=1e-5)
    assert not factors.history[0].any() and not factors.candidates[0].any()


@pytest.mark.parametrize(
    "fit", [lambda log: ease(log, 2.0), _sparse, lambda log: item_knn(log, "bm25"), _implicit]
)
def test_what_weighs_more_is_kept_better(fit):
    model = fit(LOG)
    whole, losses = similarity(model), []
    for weight in (0.1, 10.0):
        weights = np.array([1, weight, 1, 1, weight], np.float32)
        lost = np.abs(similarity(model.low_rank(2, weights)) - whole)
        losses.append(lost[1, 4])
    assert losses[1] < losses[0] / 2


def test_a_large_catalogue_is_never_written_out(monkeypatch):
    exact = [similarity(item_knn(LOG, name)) for name in ("cosine", "bm25")]
    monkeypatch.setattr("seqrec_tf.similarity.knn.DENSE_ITEMS", 3)
    for name, expected in zip(("cosine", "bm25"), exact, strict=True):
        model = item_knn(LOG, name)
        assert isinstance(model, matrices.Implicit)
        np.testing.assert_allclose(similarity(model), expected, atol=1e-6)
        others = ~np.eye(5, dtype=bool)  # of itself an item says what it likes, as documented
        np.testing.assert_allclose(
            similarity(model.low_rank(5, COUNTS))[others], expected[others], atol=1e-5
        )


@pytest.mark.parametrize("fit", [lambda log: ease(log, 100.0), lambda log: item_knn(log, "cosine")])
def test_scores_of_a_batch_never_copy_the_matrix(fit):
    """A copy for every batch of a large log took longer than its training."""
    had = np.random.default_rng(0).integers(0, 2, [50, 801])
    had[:, 0] = 0
    model = fit(Histories(np.nonzero(had)[1], np.cumsum([0, *had.sum(axis=1)]), 800))
    weights = decayed(np.array([1, 2]), np.array([0, 2]), 800, 0.5)
    tracemalloc.start()
    try:
        model.scores(weights)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < model.core.nbytes / 10
