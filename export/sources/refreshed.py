"""The encoder of a published version, which goes on reading the items it was trained with."""

import numpy as np
import tensorflow as tf

from export.graph.exact import norms_of
from export.graph.recall import SCORES
from export.sources.additions import Additions
from seqrec_tf.ragged import drop_padding, from_padded


class Trained(tf.Module):
    """What a version was trained with, however often it has been refreshed.

    Args:
        encode_rows: a restored function from ragged rows that it has learnt to vectors.
        variables: what that needs.
        stand_ins: (items + 1,) int32, the learnt row that is read for each row.
        learnt: (items + 1,) bool, whether that is the row of the item itself.
    """

    def __init__(
        self,
        encode_rows: tf.types.experimental.PolymorphicFunction,
        variables: list[tf.Variable],
        stand_ins: np.ndarray,
        learnt: np.ndarray,
    ):
        super().__init__()
        self.encode_rows, self.encoder_variables = encode_rows, variables
        self.stand_ins = tf.Variable(stand_ins, trainable=False)
        self.learnt = tf.Variable(learnt, trainable=False)


def trained_part(model: tf.Module, items: int) -> Trained:
    """The trained part of a restored SavedModel, so that no refresh lies on top of another."""
    if hasattr(model, "trained"):
        return model.trained
    rows = np.arange(items + 1, dtype=np.int32)
    needed = {
        id(tensor)
        for each in model.encode_rows.concrete_functions
        for tensor in each.captured_inputs
    }
    variables = [each for each in model.encoder_variables if id(each.handle) in needed]
    return Trained(model.encode_rows, variables, rows, rows >= 0)


class RefreshedEncoder:
    """A trained encoder that reads rows of a new catalogue as rows that it has learnt.

    Args:
        trained: of the published version.
        window: most recent items of a history that are read.
        vectors: (items + 1, dim) float32, the new item table.
        stand_ins: (items + 1,) int32, the learnt row that is read for each new row.
        learnt: (items + 1,) bool, whether that is the row of the item itself.
        reads_times: whether the encoder does (`export.graph.encoder.reads_times`).
    """

    def __init__(
        self,
        trained: Trained,
        window: int,
        vectors: np.ndarray,
        stand_ins: np.ndarray,
        learnt: np.ndarray,
        reads_times: bool = False,
    ):
        self.time_bias = reads_times
        self.window, self.dim = window, vectors.shape[1]
        self.trained = Trained(trained.encode_rows, trained.encoder_variables, stand_ins, learnt)
        self.tensorflow_variables = [*trained.encoder_variables, self.trained.stand_ins]
        # Not among those: what is found in cells, or in lower precision, is not kept twice.
        self.table = tf.Variable(vectors, trainable=False)

    def item_table(self) -> tf.Tensor:
        """(items + 1, dim) float32, row 0 zeros."""
        return tf.convert_to_tensor(self.table)

    def encode(
        self, histories: tf.RaggedTensor | tf.Tensor, times: tf.RaggedTensor | None = None
    ) -> tf.Tensor:
        """Rows of the new catalogue, ragged (batch, None) or padded, -> (batch, dim) float32.

        `times` as `seqrec_tf.models.Encoder.encode` takes them; needed if they are read.
        """
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        stand_ins = tf.gather(self.trained.stand_ins, histories.flat_values)
        read = [drop_padding(histories.with_flat_values(stand_ins))]
        return self.trained.encode_rows(*read, *([] if times is None else [times]))


def stand_ins(
    trained: Trained, table: np.ndarray, additions: Additions, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What is read for each row of the new catalogue, and whether it is the item itself.

    Added items are read as the learnt one most like them by the cosine; an item that was learnt, or
    has its old vector, is read as before.

    Args:
        trained: of the published version.
        table: its item vectors, (items + 1, dim).
        additions: what changes.
        source: rows of the old table, then those of the added vectors, for each row of the new one.

    Returns:
        (new items + 1,) int32 learnt rows, and bool.
    """
    old, learnt = trained.stand_ins.numpy(), trained.learnt.numpy()
    before = learnt[additions.rows] & (additions.rows > 0) | ~additions.moved
    read = np.where(before, old[additions.rows], 0)
    others = np.flatnonzero(~before)
    read[others] = old[_most_like(additions.vectors[others], table, learnt)]
    known = learnt[additions.rows] & (additions.rows > 0)
    return np.append(old, read)[source].astype(np.int32), np.append(learnt, known)[source]


def _most_like(vectors: np.ndarray, table: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """The learnt row most like each of the vectors by the cosine, so many at a time as fit."""
    norms, size = norms_of(table), max(1, SCORES // len(table))
    unfit = ~learnt | (np.arange(len(table)) == 0)
    found = np.zeros(len(vectors), np.int64)
    for start in range(0, len(vectors), size):
        scores = vectors[start : start + size] @ table.T / norms
        scores[:, unfit] = -np.inf
        found[start : start + size] = scores.argmax(axis=1)
    return found
