"""EASE: a linear autoencoder in closed form (Steck, WWW 2019, arXiv 1905.03375)."""

import itertools
from typing import Any

import numpy as np
from scipy import linalg, sparse

from seqrec_tf.similarity.matrices import Dense, Histories, Similarities, Sparse

RIDGES = (100.0, 500.0)
EXACT_ITEMS = 8_192  # 12,101 take 30 s of one core, and time grows with the third power
# Beyond, each item is explained by so few others. On the Beauty log 50 keep what all have, in a
# tenth of the time (tests/benchmarks/README.md, "Own data").
NEIGHBOURS = 50
PAIRS = 1 << 28  # of items of one history: 2 GB, if no two are alike
ITEMS_AT_A_TIME = 64


def ease_settings(items: int) -> list[dict[str, Any]]:
    """What `ease` is tried with, on a catalogue of so many items."""
    few = {} if items <= EXACT_ITEMS else {"neighbours": NEIGHBOURS}
    return [{"ridge": ridge, **few} for ridge in RIDGES]


def ease(histories: Histories, ridge: float, neighbours: int | None = None) -> Similarities:
    """B = I - P diag(1 / diag P) with P = (X'X + ridge I)^-1, whose diagonal is zero.

    A column of B is the ridge regression of an item on all others; or, with `neighbours`, on those
    that explain most of it by themselves.

    Args:
        histories: X, who had what. With `neighbours` only the newest items of each, so many that
            they are at most `PAIRS` pairs.
        ridge: of the regression, above 0.
        neighbours: how many; None for all, which takes a dense matrix and its inverse.
    """
    if neighbours is not None:
        return _regressions(histories, ridge, neighbours)
    interactions = histories.matrix
    inverse = (interactions.T @ interactions).toarray(order="F").astype(np.float32, order="F")
    inverse[np.diag_indices_from(inverse)] += np.float32(ridge)
    factor, failed = linalg.lapack.spotrf(inverse, lower=True, overwrite_a=True)
    if not failed:
        inverse, failed = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise ArithmeticError(f"ridge {ridge}: X'X + ridge I has no Cholesky factor")
    diagonal = np.diag(inverse).copy()
    core = -np.tril(inverse, -1)
    core += core.T
    return Dense(core, 1 / diagonal)


def _regressions(histories: Histories, ridge: float, neighbours: int) -> Sparse:
    interactions = _bounded(histories).matrix
    together = (interactions.T @ interactions).tocsr()
    together.sort_indices()
    near, with_it = _nearest(together, ridge, neighbours)
    coefficients = np.empty(near.shape, np.float32)
    for first in range(0, len(near), ITEMS_AT_A_TIME):
        part = slice(first, first + ITEMS_AT_A_TIME)
        gram = _among(together, near[part], ridge)
        coefficients[part] = np.linalg.solve(gram, with_it[part, :, np.newaxis])[:, :, 0]
    columns = np.repeat(np.arange(len(near)), neighbours)
    known = near.ravel() > 0
    matrix = sparse.coo_array(
        (coefficients.ravel()[known], (near.ravel()[known], columns[known])), together.shape
    )
    return Sparse(matrix.tocsr())


def _among(together: sparse.csr_array, near: np.ndarray, ridge: float) -> np.ndarray:
    """How many had both, of each two of an item's neighbours, and the ridge: (items, n, n)."""
    rows, places = np.unique(near, return_inverse=True)
    dense = together[rows][:, rows].toarray().astype(np.float64)
    dense[np.diag_indices_from(dense)] += ridge
    gram = dense[places[:, :, np.newaxis], places[:, np.newaxis]]
    absent = near == 0
    absent = absent[:, :, np.newaxis] & absent[:, np.newaxis]
    gram[absent & ~np.eye(near.shape[1], dtype=bool)] = 0  # or absent ones would all be the same
    return gram


def _bounded(histories: Histories) -> Histories:
    """The histories, cut to as many of their newest items as have at most `PAIRS` pairs."""
    lengths = np.diff(histories.row_splits).astype(np.int64)
    most = lengths.max(initial=0)
    while np.sum(np.minimum(lengths, most) ** 2) > PAIRS:
        most = most * 3 // 4
    return histories.recent(most)


def _nearest(
    together: sparse.csr_array, ridge: float, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each item those that explain most of it by themselves: n_ij^2 / (n_i + ridge).

    Args:
        together: (items + 1, items + 1), how many had both, sorted by row and column.
        ridge: of the regression.
        neighbours: how many.

    Returns:
        (items + 1, neighbours) int rows, 0 where there are no more, and how many had both.
    """
    gain = together.data.astype(np.float32) ** 2
    gain /= together.diagonal()[together.indices].astype(np.float32) + np.float32(ridge)
    near = np.zeros((together.shape[0], neighbours), np.int64)
    with_it = np.zeros(near.shape)
    for item, (start, end) in enumerate(itertools.pairwise(together.indptr)):
        gain[start:end][together.indices[start:end] == item] = 0  # nothing explains itself
        best = start + np.argsort(-gain[start:end], kind="stable")[:neighbours]
        best = best[gain[best] > 0]
        near[item, : len(best)] = together.indices[best]
        with_it[item, : len(best)] = together.data[best]
    return near, with_it
