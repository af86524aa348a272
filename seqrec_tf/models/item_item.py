"""An item-item model as an encoder: a history is the decayed sum of its items' rows."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seqrec_tf.models.encoder import Encoder


@keras.saving.register_keras_serializable("seqrec_tf")
class ItemItem(Encoder):
    """Scores are sums over the history, newest first, of decay^n times a row of a matrix.

    The matrix, items x items, is the product of two narrow ones, so that a score is a dot product
    of two vectors as that of any other encoder: `seqrec_tf.similarity.Factors`, which is where its
    weights come from (`assign`). Memory: 8 bytes x (items + 1) x dim.

    Args:
        items: see `Encoder`, as `window` and `dim`, the rank.
        decay: from 0, the newest item alone, to 1.
    """

    def __init__(self, items: int, window: int, dim: int, decay: float, **kwargs: Any):
        super().__init__(items=items, window=window, dim=dim, layers=1, dropout=0.0, **kwargs)
        self.decay = decay
        self.history_table, self.candidate_table = (
            self.add_weight(shape=(items + 1, dim), trainable=False, name=name)
            for name in ("history_table", "candidate_table")
        )
        self.built = True

    def assign(self, history: np.ndarray, candidates: np.ndarray) -> None:
        """Take the factors, (items + 1, dim) float32 both; row 0 must be zero."""
        self.history_table.assign(history)
        self.candidate_table.assign(candidates)

    def call(
        self, rows: tf.Tensor, times: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """See `Encoder`."""
        age = tf.range(tf.shape(rows)[1])[:, tf.newaxis] - tf.range(tf.shape(rows)[1])
        return tf.matmul(self._weights(age)[tf.newaxis], self._rows(rows))

    def at(
        self, rows: tf.Tensor, positions: tf.Tensor, times: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `Encoder`; the sum at that position alone."""
        age = tf.cast(positions, tf.int32)[:, tf.newaxis] - tf.range(tf.shape(rows)[1])
        return tf.matmul(self._weights(age)[:, tf.newaxis], self._rows(rows))[:, 0]

    def _rows(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.convert_to_tensor(self.history_table), rows)

    def _weights(self, age: tf.Tensor) -> tf.Tensor:
        """decay^age, the newest item's being 1; 0 for what comes later."""
        powers = np.power(np.float32(self.decay), np.arange(self.window), dtype=np.float32)
        return tf.where(age < 0, 0.0, tf.gather(tf.constant(powers), tf.maximum(age, 0)))

    def item_table(self) -> tf.Tensor:
        """See `Encoder`."""
        return tf.convert_to_tensor(self.candidate_table)

    def get_config(self) -> dict:
        """See `Encoder`."""
        known = super().get_config()
        return {name: known[name] for name in ("items", "window", "dim")} | {"decay": self.decay}
