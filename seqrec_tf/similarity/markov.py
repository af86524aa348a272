"""First-order Markov chain: how often an item followed another one in training."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seqrec_tf.similarity.matrices import Factors, factors

# Of an item's best successors' scores: what never followed is ordered by popularity below them.
POPULARITY = 0.01


@dataclass(frozen=True)
class Transitions:
    """What followed an item, most often first; then whatever is popular.

    Attributes:
        rows: (items + 1, items + 1) float32, counts of successors, each row of length 1.
        popularity: (items + 1,) float32, added to every row.
    """

    rows: sparse.csr_array
    popularity: np.ndarray

    def scores(self, weights: sparse.csr_array) -> np.ndarray:
        """See `Similarities`."""
        total = np.asarray(weights.sum(axis=1)).reshape(-1, 1)
        return ((weights @ self.rows).toarray() + total * self.popularity).astype(np.float32)

    def low_rank(self, rank: int, weights: np.ndarray) -> Factors:
        """See `Similarities`; one of the dimensions is popularity's."""
        scale = sparse.diags_array(weights)
        left, values, right = factors(scale @ self.rows @ scale, max(rank - 1, 1))
        roots = np.sqrt(values) / weights[:, np.newaxis]
        return Factors.of(
            np.column_stack([left * roots, np.ones(len(left))]),
            np.column_stack([right * roots, self.popularity]),
        )


def transitions(values: np.ndarray, row_splits: np.ndarray, items: int) -> Transitions:
    """Count what came right after what.

    Args:
        values: (interactions,) int item rows of all histories, one after the other.
        row_splits: (users + 1,) int, where each history begins and ends.
        items: size of the catalogue.
    """
    inside = np.ones(max(len(values) - 1, 0), bool)
    borders = row_splits[1:-1] - 1
    inside[borders[(borders >= 0) & (borders < len(inside))]] = False
    pairs = (values[:-1][inside], values[1:][inside])
    ones = np.ones(len(pairs[0]), np.float32)
    counts = sparse.coo_array((ones, pairs), shape=(items + 1, items + 1)).tocsr()
    lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
    rows = (sparse.diags_array(1 / np.maximum(lengths, 1)) @ counts).tocsr()
    popular = np.bincount(values, minlength=items + 1).astype(np.float32)
    return Transitions(rows.astype(np.float32), POPULARITY * popular / max(popular.max(), 1))
