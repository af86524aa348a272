"""Encoders that this project did not train, behind the interface of those that it did.

What is asked of one: item rows (batch, length) in, vectors (batch, dim) out. Rows are 1..items in
the order of the caller's item list, 0 is padding. Everything is tried before anything is written.
"""

import os
import zipfile
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.types.experimental import ConcreteFunction

from export.graph.held import held_by
from export.sources.resources import require_carried, require_stock_ops
from seqrec_tf.errors import InputError
from seqrec_tf.ragged import from_padded, most_recent, to_padded

PART = 200_000  # item vectors read at a time
TRIED_BATCHES = (1, 3)
AGREEMENT = 1e-4  # of the largest value: a vector must not depend on who else is in the batch


class VectorFile:
    """The array in a `.npy` file, of which only what is asked for is in memory.

    Args:
        path: the file.

    Raises:
        InputError: it holds no array.
    """

    def __init__(self, path: str | os.PathLike):
        self._path = path
        try:
            array = self._mapped()
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: expected an array that NumPy saved, .npy. Received: {error}"
            ) from error
        if not isinstance(array, np.ndarray):
            raise InputError(f"{path}: expected one array, .npy. Received: an archive, .npz.")
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        # Mapped anew each time: what was read from a mapping stays in memory as long as it does.
        return np.array(self._mapped()[part])

    def _mapped(self) -> np.ndarray:
        return np.load(self._path, mmap_mode="r", allow_pickle=False)


class ForeignEncoder:
    """A caller's encoder and item vectors as `export.graph.recommender.Recommender` wants them.

    The catalogue's rows are in the order of the ids, the encoder's in the caller's: the adapter
    translates, so that neither knows of the other.

    Args:
        call: (batch, length) int32 rows -> (batch, dim) floating, or with `mask` also a bool
            (batch, length), true where a row is real. Keras 3 and tf-keras models and layers,
            `tf.Module`s with `__call__`, and `tf.function`s are such.
        item_vectors: (items, dim), in the caller's order.
        order: (items,) the caller's index of each catalogue row, from 0.
        window: most recent items that the encoder is given.
        padding: "left" or "right", where rows of unequal length are padded.
        mask: whether `call` takes a mask as its second argument.
        fixed: whether `call` must be given exactly `window` columns.

    Attributes:
        held: tables, files and the like that the encoder needs beside its variables.

    Raises:
        InputError: shapes or dtypes do not fit, or the encoder fails; the message says on what.
    """

    def __init__(
        self,
        call: Callable,
        item_vectors: np.ndarray | VectorFile,
        order: np.ndarray,
        window: int,
        padding: str = "left",
        mask: bool = False,
        fixed: bool = False,
    ):
        self.window, self.dim = window, _width(item_vectors, len(order))
        self._call, self._padding, self._mask, self._fixed = call, padding, mask, fixed
        # The caller's row of each catalogue row; padding stays padding.
        self._rows = tf.constant(np.concatenate([[0], order + 1]), tf.int32)
        self._table = tf.Variable(tf.zeros([len(order) + 1, self.dim]), trainable=False)
        self._fill(item_vectors, order)
        longest = self._try(len(order))
        traced = self._traced(longest)
        self.held = held_by(traced)
        require_stock_ops(traced, self.held)
        if self.held:
            require_carried(self.encode, longest, self.held, traced.variables)
        self.tensorflow_variables = [*traced.variables, self._table]

    def _fill(self, vectors: np.ndarray | VectorFile, order: np.ndarray) -> None:
        """Write the table part by part: a large one is not to be in memory twice."""
        rows = np.empty(len(order), np.int32)
        rows[order] = np.arange(1, len(order) + 1)
        for start in range(0, len(order), PART):
            part = np.asarray(vectors[start : start + PART], np.float32)
            if not np.isfinite(part).all():
                row = start + int(np.argwhere(~np.isfinite(part))[0][0])
                raise InputError(
                    f"item_vectors[{row}]: expected finite numbers. Received: NaN or inf."
                )
            self._table.scatter_update(tf.IndexedSlices(part, rows[start : start + PART]))
        # After sparse updates a variable is copied whenever it is read, until this is called.
        self._table.read_value_no_copy()

    def item_table(self) -> tf.Tensor:
        """(items + 1, dim) float32, row 0 zeros."""
        return tf.convert_to_tensor(self._table)

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        """Catalogue rows, ragged without 0 or padded, -> (batch, dim) float32; cold: zeros."""
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        recent = most_recent(histories, self.window)
        lengths = recent.row_lengths()
        vectors = self._vectors(to_padded(recent), lengths)
        return tf.where(lengths[:, tf.newaxis] > 0, vectors, tf.zeros_like(vectors))

    def encode_one(self, rows: tf.Tensor) -> tf.Tensor:
        """(length,) catalogue rows, at least one, -> (1, dim): what LiteRT can run."""
        return self._vectors(rows[tf.newaxis], tf.shape(rows, tf.int64))

    def _vectors(self, padded: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Catalogue rows padded on the right -> the encoder's answer."""
        length = tf.shape(padded)[1]
        missing = tf.maximum(self.window - length, 0) if self._fixed else 0
        padded = tf.pad(padded, [[0, 0], [0, missing]])
        positions = tf.range(tf.shape(padded)[1], dtype=lengths.dtype)
        real = positions < lengths[:, tf.newaxis]
        if self._padding == "left":
            width = tf.cast(tf.shape(padded)[1], lengths.dtype)
            source = positions - (width - lengths)[:, tf.newaxis]
            real = source >= 0
            padded = tf.gather(padded, tf.maximum(source, 0), batch_dims=1)
            padded = tf.where(real, padded, 0)
        rows = tf.gather(self._rows, padded)
        if self._fixed:  # layers that need to know their width learn it from the graph
            rows.set_shape([None, self.window])
        outputs = self._call(rows, real) if self._mask else self._call(rows)
        if not tf.executing_eagerly():  # what is looked up in a table that grows has any shape
            outputs.set_shape([None, self.dim])
        return tf.cast(outputs, tf.float32)

    def _try(self, items: int) -> np.ndarray:
        """Ask for several batch sizes and lengths, and whether the answers hang together.

        Returns:
            The largest batch that was asked, (batch, window) rows.
        """
        generator = np.random.default_rng(0)
        longest = generator.integers(1, items + 1, (max(TRIED_BATCHES), self.window))
        alone: dict[int, np.ndarray] = {}
        for batch in TRIED_BATCHES:
            for length in sorted({0, 1, min(2, self.window), self.window}):
                what = f"a batch of {batch} histories of {length} items"
                found = self._asked(tf.constant(longest[:batch, :length], tf.int32), what)
                if batch == 1:
                    again = self._asked(tf.constant(longest[:1, :length], tf.int32), what)
                    _require_same(found, again, f"each time {what} is asked")
                first = alone.setdefault(length, found[0])
                if _differ(first, found[0]):
                    raise InputError(
                        f"encoder: expected the same vector for a history alone and in a batch of "
                        f"{batch}. Received: vectors that differ, for {length} items."
                    )
        return longest.astype(np.int32)

    def _traced(self, rows: np.ndarray) -> ConcreteFunction:
        """`encode` as a graph, if that answers as the encoder did so far.

        Raises:
            InputError: it is no graph, or answers otherwise.
        """
        encode = tf.function(self.encode)
        histories = tf.RaggedTensor.from_tensor(tf.constant(rows))
        try:
            traced = encode.get_concrete_function(tf.RaggedTensorSpec([None, None], tf.int32))
            found = traced(histories).numpy()
        except InputError:
            raise
        except Exception as error:
            line = " ".join(str(error).split())[-300:]  # after where in the code
            raise InputError(
                f"encoder: expected TensorFlow ops, which can be traced into a graph. "
                f"Received: {line}"
            ) from error
        _require_same(self.encode(histories).numpy(), found, "from its graph")
        return traced

    def _asked(self, rows: tf.Tensor, what: str) -> np.ndarray:
        """Vectors for rows (batch, length), if they have the right shape and are finite."""
        histories = tf.RaggedTensor.from_tensor(rows)
        try:
            shape = tuple(self._vectors(to_padded(histories), histories.row_lengths()).shape)
            found = self.encode(histories)
        except Exception as error:
            line = " ".join(str(error).split())[:300]
            raise InputError(
                f"encoder: expected (batch, {self.dim}) for {what}. Received: {line}"
            ) from error
        if shape != (rows.shape[0], self.dim):
            raise InputError(
                f"encoder: expected shape ({rows.shape[0]}, {self.dim}) for {what}, since the item "
                f"vectors have width {self.dim}. Received: {shape}."
            )
        if not np.isfinite(found).all():
            raise InputError(f"encoder: expected finite vectors for {what}. Received: NaN or inf.")
        return found.numpy()


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    return np.abs(one - other).max() > AGREEMENT * max(np.abs(one).max(), 1e-6)


def _require_same(one: np.ndarray, other: np.ndarray, when: str) -> None:
    if _differ(one, other):
        raise InputError(
            f"encoder: expected the same vectors {when}. Received: vectors that differ; does it "
            "draw random numbers, or change what it remembers?"
        )


def _width(vectors: np.ndarray | VectorFile, items: int) -> int:
    """How wide the vectors are, if they have the shape and the type of vectors."""
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
        raise InputError(
            f"item_vectors: expected a floating array (items, dim). Received: "
            f"{vectors.dtype} {vectors.shape}."
        )
    if len(vectors) != items:
        raise InputError(
            f"item_vectors: expected a row for each of the {items} items. Received: {len(vectors)}."
        )
    return vectors.shape[1]
