"""Exact retrieval: the k best items for each vector, in stock TensorFlow ops."""

import numpy as np
import tensorflow as tf

from export.graph.encoder import HistoryEncoder
from export.graph.index import Query
from export.graph.tables import FullTable, ReducedTable
from seqrec_tf.data.catalogue import Catalogue

LARGE = 8192  # scores a row, from which on larger blocks are faster (measured on two x86 cores)
LOWEST = tf.float32.min
TINY = 1e-12  # the norm of an item whose vector is zero, so that its cosines are 0


class ExactIndex(tf.Module):
    """Rates every item.

    Memory of a request: three float32 a history and item at most, beside the table.

    Args:
        table: what vectors are compared with.
        popularity: (items + 1,) float32.
    """

    def __init__(self, table: FullTable | ReducedTable, popularity: np.ndarray):
        super().__init__()
        self.table = table
        self.popularity = tf.Variable(popularity, trainable=False)
        self.norms = tf.Variable(norms_of(table.dense()), trainable=False)
        self.reach = len(popularity)

    def vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """Item vectors: (...) rows -> (..., dim) float32."""
        return self.table.gather(rows)

    def search(
        self, query: Query, k: tf.Tensor | int, cosine: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """See `export.graph.index.Index`; equal scores are in the order of rows."""
        scores = self.table.scores(query.vectors)
        scores = scores / self.norms if cosine else scores
        scores = tf.where(query.cold, self.popularity, scores)
        if query.allowed is not None:
            scores = tf.where(query.allowed, scores, LOWEST)
        return top_rows(_hide(scores, query.hidden), k)

    def dense(self) -> np.ndarray:
        """(items + 1, dim) float32: the vectors that items are rated by."""
        return self.table.dense()

    def visible(self, vector: np.ndarray | None, slack: float = 0.0) -> np.ndarray:
        """(items + 1,) bool: the rows that are rated for a vector, which is all of them."""
        return np.ones(self.reach, bool)


def norms_of(table: np.ndarray) -> np.ndarray:
    """(rows,) float32, the length of each row, but never 0; without a second table in memory."""
    return np.maximum(np.sqrt(np.einsum("ij,ij->i", table, table)), TINY).astype(np.float32)


def exact_index(encoder: HistoryEncoder, catalogue: Catalogue) -> ExactIndex:
    """Exact retrieval in the encoder's own table."""
    return ExactIndex(FullTable(encoder), catalogue.popularity())


def _hide(scores: tf.Tensor, rows: tf.RaggedTensor) -> tf.Tensor:
    """`scores` (batch, items + 1) with `rows`, (batch, None), and row 0 at the lowest float."""
    users = tf.range(rows.nrows(out_type=tf.int64))
    padding = tf.stack([users, tf.zeros_like(users)], axis=1)
    pairs = tf.stack([rows.value_rowids(), tf.cast(rows.flat_values, tf.int64)], axis=1)
    hidden = tf.concat([padding, pairs], axis=0)
    lowest = tf.fill([tf.shape(hidden)[0]], LOWEST)
    return tf.tensor_scatter_nd_update(scores, hidden, lowest)


def block_size(scores: int) -> int:
    """Scores a block, for a row of so many."""
    return 64 if scores >= LARGE else 16


def top_rows(scores: tf.Tensor, k: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
    """The k largest scores of each row and where they stand; of equal ones the lower place.

    `top_k` over a whole row sorts as it goes. Here the maxima of blocks are taken first, which is
    one cheap pass, and the k blocks with the largest maxima hold the k largest scores: a block
    without one of them would need k better blocks before it. Exact, also in the order of ties:
    among blocks of equal maxima the first k are kept, and they are searched in ascending order.

    Args:
        scores: (batch, n) float32.
        k: at most n.

    Returns:
        Scores and places, (batch, k) each, best first; places int32.
    """
    size = block_size(scores.shape[1])
    short = -scores.shape[1] % size
    blocks = tf.pad(scores, [[0, 0], [0, short]], constant_values=scores.dtype.min)
    blocks = tf.reshape(blocks, [tf.shape(scores)[0], (scores.shape[1] + short) // size, size])
    kept = tf.minimum(k, blocks.shape[1])
    best = tf.sort(tf.math.top_k(tf.reduce_max(blocks, axis=2), kept).indices)
    candidates = tf.gather(blocks, best, batch_dims=1)
    top = tf.math.top_k(tf.reshape(candidates, [tf.shape(scores)[0], kept * size]), k)
    block = tf.gather(best, top.indices // size, batch_dims=1)
    return top.values, block * size + top.indices % size
