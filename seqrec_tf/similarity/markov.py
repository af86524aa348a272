"""First-order Markov chain: how often an item followed another one in training."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from seqrec_tf.similarity.matrices import Factors, Histories, Sparse

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
        rows = Sparse(self.rows).low_rank(max(rank - 1, 1), weights)
        return Factors.of(
            np.column_stack([rows.history, np.ones(len(rows.history))]),
            np.column_stack([rows.candidates, self.popularity]),
        )


def transitions(histories: Histories) -> Transitions:
    """Count what came right after what."""
    values, row_splits, items = histories.values, histories.row_splits, histories.items
    inside = np.ones(max(len(values) - 1, 0), bool)
    borders = row_splits[1:-1] - 1
    inside[borders[(borders >= 0) & (borders < len(inside))]] = False
    pairs = (values[:-1][inside], values[1:][inside])
    ones = np.ones(len(pairs[0]), np.float32)
    counts = sparse.coo_array((ones, pairs), shape=(items + 1, items + 1)).tocsr()
    lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
    rows = (sparse.diags_array(1 / np.maximum(lengths, 1)) @ counts).tocsr()
    popular = histories.counts.astype(np.float32)
    return Transitions(rows.astype(np.float32), POPULARITY * popular / max(popular.max(), 1))
