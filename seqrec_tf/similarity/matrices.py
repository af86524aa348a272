"""Item-item matrices: as they are, or as the product of two narrow ones."""

import functools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

ROUNDING = 1e-6  # of the longest row: what a shorter one says is an error of float32


@dataclass(frozen=True)
class Factors:
    """Similarities of low rank: that of item i to item j is `history[i] @ candidates[j]`.

    Both tables have the roots of the singular values, so that candidates which are alike have
    vectors that are alike.

    Attributes:
        history: (items + 1, rank) float32, an item as one of a history; row 0 is zero.
        candidates: (items + 1, rank) float32, an item as a candidate.
    """

    history: np.ndarray
    candidates: np.ndarray

    @classmethod
    def of(cls, history: np.ndarray, candidates: np.ndarray) -> "Factors":
        """These, in float32, without row 0 and rows that are nothing but rounding."""
        return cls(*(_known_rows(part).astype(np.float32) for part in (history, candidates)))

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """As `Similarities.scores`."""
        return (weights @ self.history) @ self.candidates.T


def _known_rows(part: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(part, axis=1, keepdims=True)
    lengths[0] = 0
    return np.where(lengths > ROUNDING * lengths.max(), part, 0)


class Similarities(Protocol):
    """What an item-item model has learnt."""

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """Weights of the items of each history (batch, items + 1) -> scores, the same, float32."""

    def low_rank(self, rank: int, weights: np.ndarray) -> Factors:
        """The nearest similarities of that rank, or of the largest that these have.

        Args:
            rank: at least 1.
            weights: (items + 1,) float32 above 0: how much an error at an item counts.
        """


@dataclass(frozen=True)
class Dense:
    """A symmetric matrix, its columns scaled; zeros on the diagonal.

    Attributes:
        core: (items + 1, items + 1) float32, symmetric; row and column 0 are zero.
        scale: (items + 1,) float32, of the columns.
    """

    core: np.ndarray
    scale: np.ndarray

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """See `Similarities`."""
        # SciPy would copy a matrix that is not in C order; a symmetric one is its own transpose.
        core = self.core if self.core.flags.c_contiguous else self.core.T
        return (weights @ core) * self.scale

    def low_rank(self, rank: int, weights: np.ndarray) -> Factors:
        """See `Similarities`."""
        weighted = self.core * weights[:, np.newaxis]
        weighted *= weights
        left, values, right = factors(weighted, rank)
        roots = np.sqrt(values) / weights[:, np.newaxis]
        return Factors.of(left * roots, right * roots * self.scale[:, np.newaxis])


@dataclass(frozen=True)
class Sparse:
    """A matrix of which most is zero.

    Attributes:
        matrix: (items + 1, items + 1) float32; row and column 0 are zero.
    """

    matrix: sparse.csr_array

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """See `Similarities`."""
        return (weights @ self.matrix).toarray().astype(np.float32)

    def low_rank(self, rank: int, weights: np.ndarray) -> Factors:
        """See `Similarities`."""
        scale = sparse.diags_array(weights)
        left, values, right = factors(scale @ self.matrix @ scale, rank)
        roots = np.sqrt(values) / weights[:, np.newaxis]
        return Factors.of(left * roots, right * roots)


@dataclass(frozen=True)
class Implicit:
    """The products of a sparse matrix' columns with each other, never written out.

    Attributes:
        rows: (users, items + 1) float32; the similarity of two items is the product of their
            columns, and that of an item to itself 0.
    """

    rows: sparse.csr_array

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """See `Similarities`."""
        own = weights.multiply(self._squares[np.newaxis])
        return ((weights @ self.rows.T) @ self.rows - own).toarray().astype(np.float32)

    def low_rank(self, rank: int, weights: np.ndarray) -> Factors:
        """See `Similarities`; what an item says of itself, which seldom matters, is left in."""
        _, values, right = factors(self.rows @ sparse.diags_array(weights), rank)
        both = right * values / weights[:, np.newaxis]
        return Factors.of(both, both)

    @property
    def _squares(self) -> np.ndarray:
        return np.asarray(self.rows.power(2).sum(axis=0)).ravel()


def factors(matrix: np.ndarray | sparse.csr_array, rank: int) -> tuple[np.ndarray, ...]:
    """The largest singular vectors and values (randomised, Halko et al., arXiv 0909.4061).

    Args:
        matrix: (rows, columns).
        rank: at most this; never more than the matrix can have.

    Returns:
        (rows, rank), (rank,) descending, and (columns, rank).
    """
    rank = min(rank, *matrix.shape)
    left, values, right = randomized_svd(matrix, rank, n_iter=4, random_state=0)
    return left, values, right.T


@dataclass(frozen=True)
class Histories:
    """What item-item models are fitted on.

    Attributes:
        values: (interactions,) int item rows of all histories, one after the other.
        row_splits: (users + 1,) int, where each history begins and ends.
        items: size of the catalogue.
    """

    values: np.ndarray
    row_splits: np.ndarray
    items: int

    @functools.cached_property
    def matrix(self) -> sparse.csr_array:
        """Who had what: (users, items + 1) float32, 1 where a user's history has the item."""
        matrix = sparse.csr_array(
            (np.ones(len(self.values), np.float32), self.values, self.row_splits),
            shape=(len(self.row_splits) - 1, self.items + 1),
            copy=True,  # adding up sorts the items in place
        )
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix

    def recent(self, most: int) -> "Histories":
        """Of each history at most so many items, the newest."""
        lengths = np.diff(self.row_splits)
        age = np.repeat(self.row_splits[1:], lengths) - np.arange(len(self.values))
        row_splits = np.append(0, np.cumsum(np.minimum(lengths, most)))
        return Histories(self.values[age <= most], row_splits, self.items)

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """(items + 1,) int, how often each item is in them."""
        return np.bincount(self.values, minlength=self.items + 1)


def decayed(
    values: np.ndarray, row_splits: np.ndarray, items: int, decay: float
) -> sparse.csr_array:
    """Weights of the items of histories: decay^n for the item n places before the newest.

    Args:
        values: (interactions,) int item rows.
        row_splits: (batch + 1,) int.
        items: size of the catalogue.
        decay: from 0, the newest item alone, to 1.

    Returns:
        (batch, items + 1) float32; an item that comes up again has the sum.
    """
    ends = np.repeat(row_splits[1:], np.diff(row_splits))
    weights = np.power(np.float32(decay), ends - 1 - np.arange(len(values)), dtype=np.float32)
    shape = (len(row_splits) - 1, items + 1)
    matrix = sparse.csr_array((weights, values, row_splits), shape=shape, copy=True)
    matrix.sum_duplicates()
    return matrix
