"""Approximate retrieval for large catalogues: an inverted file of k-means cells, in stock ops.

Items are sorted into cells of like vectors at export. A request compares its vector with the
centres, and with the items of the nearest cells only (`probes` of them). As in J. Sivic and
A. Zisserman, "Video Google", 2003, and faiss' IndexIVFFlat. Cells are padded to one size, so that
each is one block of memory.
"""

import numpy as np
import tensorflow as tf

from export.graph.cells import Cells
from export.graph.exact import LOWEST, TINY, norms_of
from export.graph.index import Query
from export.graph.tables import reduce, restored

# To the nearest cell, which is in the middle of its step. A step is a hundred times what float32
# sums in another order differ by.
STEPS = 1e5 + 0.5


class IvfIndex(tf.Module):
    """Rates the items of the cells nearest to a vector.

    Equal scores are in the order of the cells, not of rows. People without a history get the most
    popular items, as many as a request otherwise rates. Memory of a request: the vectors of
    `probes` cells for each of the histories that are worked on at a time (two), beside the table.

    Args:
        table: (items + 1, dim) float32.
        popularity: (items + 1,) float32.
        cells: which rows are in which cell.
        probes: cells a request looks into.
        precision: one of `export.options.PRECISIONS`.
        allowed: (items + 1,) bool, rows that may come up at all; None for all.
    """

    def __init__(
        self,
        table: np.ndarray,
        popularity: np.ndarray,
        cells: Cells,
        probes: int,
        precision: str,
        allowed: np.ndarray | None = None,
    ):
        super().__init__()
        self.probes, self.dim = probes, table.shape[1]
        count, size = cells.members.shape
        self.reach = probes * size
        self.centres = tf.Variable(cells.centres, trainable=False)
        self.members = tf.Variable(cells.members, trainable=False)
        values, factors = reduce(table[cells.members.ravel()], precision)
        self.values = tf.Variable(values.reshape(count, size, -1), trainable=False)
        self.factors = None if factors is None else tf.Variable(factors, trainable=False)
        places = np.zeros(len(table), np.int32)
        places[cells.members.ravel()] = np.arange(count * size)
        self.places = tf.Variable(places, trainable=False)
        self.norms = tf.Variable(norms_of(self.dense()), trainable=False)
        # Those that must not come up last, or they would fill the ranking.
        last = np.zeros(len(table), bool) if allowed is None else ~allowed
        ranking = np.lexsort((-popularity[1:], last[1:]))[: self.reach] + 1
        ranking = np.pad(ranking, [0, self.reach - len(ranking)])
        self.popular = tf.Variable(ranking.astype(np.int32), trainable=False)
        self.popularity = tf.Variable(popularity[ranking], trainable=False)

    def vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """Item vectors: (...) rows -> (..., dim) float32; zeros for row 0."""
        flat = tf.reshape(self.values, [-1, self.dim])
        found = restored(flat, self.factors, tf.gather(self.places, rows))
        return tf.where(rows[..., tf.newaxis] > 0, found, 0.0)

    def search(
        self, query: Query, k: tf.Tensor | int, cosine: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `export.graph.index.Index`; among the items of the nearest cells."""

        def one(entry: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            vector, cold, hidden = entry
            rows, scores = self._rated(vector, cosine)
            rows = tf.where(cold, self.popular, rows)
            scores = tf.where(cold, self.popularity, scores)
            scores = tf.where(self._may_come_up(rows, hidden, query.allowed), scores, LOWEST)
            top = tf.math.top_k(scores, k)
            return top.values, tf.gather(rows, top.indices)

        kinds = (tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.int32))
        entries = (query.vectors, query.cold, query.hidden)
        found = tf.map_fn(one, entries, fn_output_signature=kinds, parallel_iterations=2)
        if isinstance(k, int):
            return tuple(tf.ensure_shape(part, [None, k]) for part in found)
        return found

    def _rated(self, vector: tf.Tensor, cosine: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Rows and scores, (reach,) each, of the items in the cells nearest to (dim,)."""
        nearness = tf.linalg.matvec(self.centres, vector)
        unit = tf.maximum(tf.reduce_max(tf.maximum(nearness, -nearness)) / STEPS, TINY)
        near = tf.math.top_k(tf.cast(nearness / unit, tf.int32), self.probes).indices
        rows = tf.reshape(tf.gather(self.members, near), [-1])
        values = tf.reshape(tf.cast(tf.gather(self.values, near), tf.float32), [-1, self.dim])
        scores = tf.linalg.matvec(values, vector)
        if self.factors is not None:
            by_cell = tf.reshape(self.factors, self.members.shape)
            scores *= tf.reshape(tf.gather(by_cell, near), [-1])
        return rows, scores / tf.gather(self.norms, rows) if cosine else scores

    def _may_come_up(
        self, rows: tf.Tensor, hidden: tf.Tensor, allowed: tf.Tensor | None
    ) -> tf.Tensor:
        """Which of the rows (reach,) may be recommended to one person; not the fillers, row 0."""
        hidden = tf.sort(tf.concat([hidden, [0]], axis=0))
        nearest = tf.minimum(tf.searchsorted(hidden, rows), tf.size(hidden) - 1)
        free = tf.gather(hidden, nearest) != rows
        return free if allowed is None else tf.logical_and(free, tf.gather(allowed, rows))

    def dense(self) -> np.ndarray:
        """(items + 1, dim) float32: the vectors that items are rated by."""
        values = self.values.numpy().reshape(-1, self.dim).astype(np.float32)
        if self.factors is not None:
            values *= self.factors.numpy()[:, np.newaxis]
        table = values[self.places.numpy()]
        table[0] = 0
        return table

    def visible(self, vector: np.ndarray | None, slack: float = 0.0) -> np.ndarray:
        """(items + 1,) bool: the rows that are rated for a vector; None is a person without one.

        Args:
            vector: (dim,).
            slack: also the rows of cells that are farther by so much, as a share of the nearest's.
        """
        seen = np.zeros(self.norms.shape[0], bool)
        if vector is None:
            seen[self.popular.numpy()] = True
            return seen
        steps = nearness_in_steps(self.centres.numpy() @ vector)
        near = np.argsort(-steps, kind="stable")[: self.probes]
        if slack:
            near = steps >= steps[near[-1]] - np.ceil(slack * STEPS)
        seen[self.members.numpy()[near].ravel()] = True
        return seen


def nearness_in_steps(nearness: np.ndarray) -> np.ndarray:
    """As what a request compares how near the cells are: (..., cells) whole numbers.

    In so coarse steps that cells which hardly differ are equally near, and the first of them is
    taken, in whatever order a processor adds.
    """
    unit = np.maximum(np.abs(nearness).max(axis=-1, keepdims=True) / np.float32(STEPS), TINY)
    return (nearness / unit.astype(np.float32)).astype(np.int32)
