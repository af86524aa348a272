"""Cells of like vectors, for approximate retrieval (`export.graph.ivf`)."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

SAMPLED = 64  # vectors a cell that the centres are learned from
ITERATIONS = 10
LARGEST_CELL = 2  # times the mean size; larger cells are cut, because all are padded to the largest


@dataclass(frozen=True)
class Cells:
    """Which items are near which centre.

    Attributes:
        centres: (cells, dim) float32, the mean of each cell's vectors.
        members: (cells, size) int32, rows in ascending order, then 0.
    """

    centres: np.ndarray
    members: np.ndarray

    def cell_of(self) -> np.ndarray:
        """(items + 1,) int32: the cell of each row; row 0 is in none, and has 0."""
        cells = np.zeros(self.members.max() + 1, np.int32)
        cells[self.members.ravel()] = np.repeat(np.arange(len(self.members)), self.members.shape[1])
        cells[0] = 0
        return cells


def default_count(items: int) -> int:
    """Cells for a catalogue: 4 sqrt(items), so that a request reads some thousands of vectors."""
    return max(1, min(items, round(4 * items**0.5)))


def train_cells(table: np.ndarray, count: int, seed: int = 0) -> Cells:
    """Group the rows of a table by k-means.

    Args:
        table: (items + 1, dim) float32; row 0 is padding.
        count: cells; those much larger than the mean are cut, so there may be some more, and of
            few different vectors there are fewer.
        seed: of the sample and the first centres.
    """
    generator = np.random.default_rng(seed)
    items = len(table) - 1
    sample = generator.choice(items, min(items, SAMPLED * count), replace=False) + 1
    vectors, weights = _distinct(table[np.sort(sample)])
    clusters = min(count, len(vectors))
    model = KMeans(clusters, init="random", n_init=1, max_iter=ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        # Of vectors that hardly differ there are fewer clusters, which is right.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectors, sample_weight=weights)
    cell = model.predict(table[1:])
    order = np.argsort(cell, kind="stable")
    groups = np.split(order + 1, np.flatnonzero(np.diff(cell[order])) + 1)
    largest = int(np.ceil(LARGEST_CELL * items / count))
    parts = [part for rows in groups for part in _cut(rows, table, largest)]
    members = np.zeros((len(parts), max(map(len, parts))), np.int32)
    for number, rows in enumerate(parts):
        members[number, : len(rows)] = rows
    # In float64 the mean of equal vectors is that vector, so that equal cells are equally near.
    centres = np.stack([table[rows].mean(axis=0, dtype=np.float64) for rows in parts])
    return Cells(centres.astype(np.float32), members)


def _distinct(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different ones, in the order in which they come, and how often each does."""
    keys = np.ascontiguousarray(vectors + 0.0).view(f"V{vectors.dtype.itemsize * vectors.shape[1]}")
    _, first, counts = np.unique(keys.ravel(), return_index=True, return_counts=True)
    order = np.argsort(first)
    return vectors[first[order]], counts[order]


def _cut(rows: np.ndarray, table: np.ndarray, largest: int) -> list[np.ndarray]:
    """Rows of one cell in parts of at most `largest`, along the direction they differ most in."""
    if len(rows) <= largest:
        return [rows]
    vectors = table[rows] - table[rows].mean(axis=0)
    direction = np.linalg.svd(vectors, full_matrices=False)[2][0]
    order = np.argsort(vectors @ direction, kind="stable")
    return [np.sort(part) for part in np.array_split(rows[order], -(-len(rows) // largest))]
