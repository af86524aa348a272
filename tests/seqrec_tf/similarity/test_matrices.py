"""Item-item matrices against the arithmetic written out, exact and as narrow factors."""

import tracemalloc

import numpy as np
import pytest

from seqrec_tf.similarity import Factors, decayed, ease, item_knn, matrices, user_item_matrix

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


@pytest.fixture
def matrix():
    return user_item_matrix(VALUES, SPLITS, 4)


def _implicit(matrix) -> matrices.Implicit:
    return matrices.Implicit(matrix)


def similarity(model) -> np.ndarray:
    """The matrix, from histories of one item each."""
    return model.scores(decayed(np.arange(5), np.arange(6), 4, 0.5))


def test_who_had_what(matrix):
    np.testing.assert_array_equal(matrix.toarray(), HAD)


def test_weights_decay_from_the_newest_and_add_up():
    weights = decayed(np.array([3, 1, 3, 2]), np.array([0, 3, 3, 4]), 4, 0.5)
    expected = [[0, 0.5, 0, 1 + 0.25, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(weights.toarray(), expected)


def test_without_decay_the_newest_item_counts_alone():
    weights = decayed(np.array([3, 1]), np.array([0, 2]), 4, 0.0)
    np.testing.assert_array_equal(weights.toarray(), [[0, 1, 0, 0, 0]])


def test_cosine(matrix):
    found = similarity(item_knn(matrix, "cosine"))
    # 1 and 2 are together twice, with three users each; 1 and 3 once, 3 having two.
    assert found[1, 2] == found[2, 1] == pytest.approx(2 / 3)
    assert found[1, 3] == pytest.approx(1 / np.sqrt(3 * 2))
    assert found[3, 4] == 0
    assert not np.diag(found).any() and not found[0].any() and not found[:, 0].any()


def test_bm25(matrix):
    found = similarity(item_knn(matrix, "bm25"))
    # Users 0 and 1 had 1 and 2: log(4 / 3)^2 + log(4 / 2)^2, times both items' weights.
    mean = 10 / 4  # users an item; item 1 and 2 have 3 each
    weight = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 3 / mean))
    assert found[1, 2] == pytest.approx(weight**2 * (np.log(4 / 3) ** 2 + np.log(2) ** 2), rel=1e-5)
    assert found[3, 4] == 0 and not np.diag(found).any()


def ease_by_inversion(ridge: float) -> np.ndarray:
    inverse = np.linalg.inv(HAD.T @ HAD + ridge * np.eye(5))
    found = -inverse / np.diag(inverse)
    np.fill_diagonal(found, 0)
    return found


def test_ease(matrix):
    np.testing.assert_allclose(similarity(ease(matrix, 2.0)), ease_by_inversion(2.0), atol=1e-6)


@pytest.mark.parametrize("fit", [lambda m: ease(m, 2.0), lambda m: item_knn(m, "cosine")])
def test_factors_of_full_rank_are_the_matrix(matrix, fit):
    model = fit(matrix)
    factors = model.low_rank(5, COUNTS)
    assert factors.history.shape == factors.candidates.shape == (5, 5)
    np.testing.assert_allclose(similarity(factors), similarity(model), atol=1e-5)
    assert not factors.history[0].any() and not factors.candidates[0].any()


@pytest.mark.parametrize("weights", [np.ones(5, np.float32), COUNTS])
def test_factors_are_cut_as_their_product_would_be(matrix, weights):
    model = item_knn(matrix, "cosine")
    narrow = model.low_rank(5, np.ones(5, np.float32)).low_rank(2, weights)
    assert narrow.history.shape == (5, 2)
    expected = similarity(model.low_rank(2, weights))
    np.testing.assert_allclose(similarity(narrow), expected, atol=1e-5)


@pytest.mark.parametrize("fit", [lambda m: ease(m, 2.0), lambda m: item_knn(m, "bm25"), _implicit])
def test_what_weighs_more_is_kept_better(matrix, fit):
    model = fit(matrix)
    whole, losses = similarity(model), []
    for weight in (0.1, 10.0):
        weights = np.array([1, weight, 1, 1, weight], np.float32)
        lost = np.abs(similarity(model.low_rank(2, weights)) - whole)
        losses.append(lost[1, 4])
    assert losses[1] < losses[0] / 2


def test_a_large_catalogue_is_never_written_out(matrix, monkeypatch):
    exact = [similarity(item_knn(matrix, name)) for name in ("cosine", "bm25")]
    for module in ("seqrec_tf.similarity.knn", "seqrec_tf.similarity.linear"):
        monkeypatch.setattr(f"{module}.DENSE_ITEMS", 3)
    for name, expected in zip(("cosine", "bm25"), exact, strict=True):
        model = item_knn(matrix, name)
        assert isinstance(model, matrices.Implicit)
        np.testing.assert_allclose(similarity(model), expected, atol=1e-6)
        others = ~np.eye(5, dtype=bool)  # of itself an item says what it likes, as documented
        np.testing.assert_allclose(
            similarity(model.low_rank(5, COUNTS))[others], expected[others], atol=1e-5
        )
    truncated = ease(matrix, 2.0)
    assert isinstance(truncated, Factors)
    expected = ease_by_inversion(2.0)
    np.testing.assert_allclose(similarity(truncated)[others], expected[others], atol=1e-5)


@pytest.mark.parametrize("fit", [lambda had: ease(had, 100.0), lambda had: item_knn(had, "cosine")])
def test_scores_of_a_batch_never_copy_the_matrix(fit):
    """A copy for every batch of a large log took longer than its training."""
    had = np.random.default_rng(0).integers(0, 2, [50, 801])
    had[:, 0] = 0
    model = fit(user_item_matrix(np.nonzero(had)[1], np.cumsum([0, *had.sum(axis=1)]), 800))
    weights = decayed(np.array([1, 2]), np.array([0, 2]), 800, 0.5)
    tracemalloc.start()
    try:
        model.scores(weights)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < model.core.nbytes / 10
