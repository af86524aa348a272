"""Item tables in full or reduced precision: what a vector is compared with.

A reduced table is read in chunks that are restored to float32 and multiplied while they are in the
processor's cache, so that neither a full copy nor a kernel for the reduced type is needed.
"""

import numpy as np
import tensorflow as tf

from export.graph.encoder import HistoryEncoder, table_variable

CHUNK = 1 << 20  # bytes of float32 restored at a time; 1 MiB was the fastest of 1, 4 and 16


def reduce(table: np.ndarray, precision: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Values of a precision, and the factor of each row (int8) or None.

    Args:
        table: (..., dim) float32.
        precision: one of `export.options.PRECISIONS`.
    """
    if precision != "int8":
        return table.astype(precision), None
    factors = np.maximum(np.abs(table).max(axis=-1), 1e-30) / 127
    return np.rint(table / factors[..., np.newaxis]).astype(np.int8), factors.astype(np.float32)


class FullTable(tf.Module):
    """The encoder's own table, float32; nothing is stored twice.

    Args:
        encoder: whose table it is.
    """

    def __init__(self, encoder: HistoryEncoder):
        super().__init__()
        # A method, not the encoder: a SavedModel would hold what hangs on it a second time.
        self._table = encoder.item_table
        self.variable = table_variable(encoder)

    def dense(self) -> np.ndarray:
        """(items + 1, dim) float32, for whoever computes outside of the graph."""
        return np.asarray(self._table())

    def gather(self, rows: tf.Tensor) -> tf.Tensor:
        """Vectors of rows: (...) -> (..., dim) float32."""
        return tf.gather(self._table(), rows)

    def scores(self, vectors: tf.Tensor) -> tf.Tensor:
        """Dot products with every row: (batch, dim) -> (batch, items + 1)."""
        return tf.matmul(vectors, self._table(), transpose_b=True)


class ReducedTable(tf.Module):
    """A table of float16, or of int8 with a factor a row.

    Args:
        table: (items + 1, dim) float32.
        precision: "float16" or "int8".
    """

    def __init__(self, table: np.ndarray, precision: str):
        super().__init__()
        self.size, self.dim = table.shape
        rows = min(self.size, max(1, CHUNK // (4 * self.dim)))
        values, factors = reduce(table, precision)
        values = np.pad(values, [[0, -self.size % rows], [0, 0]]).reshape(-1, rows, self.dim)
        self.values = tf.Variable(values, trainable=False)
        self.factors = None if factors is None else tf.Variable(factors, trainable=False)

    def dense(self) -> np.ndarray:
        """(items + 1, dim) float32 with what the reduction lost."""
        values = self.values.numpy().reshape(-1, self.dim)[: self.size].astype(np.float32)
        return values if self.factors is None else values * self.factors.numpy()[:, np.newaxis]

    def gather(self, rows: tf.Tensor) -> tf.Tensor:
        """Vectors of rows: (...) -> (..., dim) float32."""
        flat = tf.reshape(self.values, [-1, self.dim])
        return restored(flat, self.factors, rows)

    def scores(self, vectors: tf.Tensor) -> tf.Tensor:
        """Dot products with every row: (batch, dim) -> (batch, items + 1)."""

        def chunk(number: tf.Tensor) -> tf.Tensor:
            values = tf.cast(self.values[number], tf.float32)
            return tf.matmul(vectors, values, transpose_b=True)

        count, rows, _ = self.values.shape
        parts = tf.map_fn(chunk, tf.range(count), fn_output_signature=tf.float32)
        scores = tf.reshape(tf.transpose(parts, [1, 0, 2]), [-1, count * rows])[:, : self.size]
        return scores if self.factors is None else scores * self.factors


def restored(values: tf.Tensor, factors: tf.Tensor | None, places: tf.Tensor) -> tf.Tensor:
    """What `reduce` made of some entries of the first dimension, in float32 again."""
    found = tf.cast(tf.gather(values, places), tf.float32)
    return found if factors is None else found * tf.gather(factors, places)[..., tf.newaxis]
