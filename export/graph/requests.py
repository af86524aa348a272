"""A request in the graph: histories, and when everything in them was, as far as that is told."""

from typing import NamedTuple

import tensorflow as tf

from export.graph.bounds import after, ragged_part


class Told(NamedTuple):
    """Raw histories as a request has them.

    Attributes:
        ids: ragged (batch, None) raw ids.
        timestamps: ragged (batch, None) int64, one for each id; 0 and negatives are unknown, and
            all of a row of another length.
        now: (batch,) int64, when it is asked; 0 and negatives are unknown. Both or neither are
            None.
    """

    ids: tf.RaggedTensor
    timestamps: tf.RaggedTensor | None = None
    now: tf.Tensor | None = None


class Known(NamedTuple):
    """The part of it that the catalogue knows.

    Attributes:
        rows: ragged (batch, None) int32.
        times: ragged (batch, None) int64, of each row and, last, of the request, 0 where it is
            unknown; None for an encoder that does not read them.
    """

    rows: tf.RaggedTensor
    times: tf.RaggedTensor | None = None

    @property
    def cold(self) -> tf.Tensor:
        """Whether nothing is known of a history, (batch, 1)."""
        return self.rows.row_lengths()[:, tf.newaxis] == 0

    def part(self, first: tf.Tensor | None, end: tf.Tensor | None) -> "Known":
        """Some of the histories; see `export.graph.bounds.ragged_part`."""
        rows, times = self
        times = None if times is None else ragged_part(times, first, end)
        return Known(ragged_part(rows, first, end), times)


def known_times(rows: tf.RaggedTensor, told: Told) -> tf.RaggedTensor:
    """The times of histories that are partly known.

    Args:
        rows: ragged (batch, None) int32, of each id of `told`; 0 is unknown.
        told: the request.

    Returns:
        Ragged (batch, None) int64, one more than there are known rows.
    """
    if told.timestamps is None or told.now is None:
        times = rows.with_flat_values(tf.zeros_like(rows.flat_values, tf.int64))
        now = tf.zeros([rows.nrows()], tf.int64)
    else:
        times, now = _aligned(told.timestamps, rows), told.now
    kept = tf.ragged.boolean_mask(times, rows != 0)
    return tf.concat([kept, now[:, tf.newaxis]], axis=1)


def _aligned(timestamps: tf.RaggedTensor, rows: tf.RaggedTensor) -> tf.RaggedTensor:
    """A timestamp for each of `rows`, 0 in histories that have another number of them."""
    lengths = rows.row_lengths()
    fits = tf.repeat(timestamps.row_lengths() == lengths, lengths)
    moved = tf.repeat(timestamps.row_starts() - rows.row_starts(), lengths)
    places = tf.where(fits, tf.range(tf.size(rows.flat_values, tf.int64)) + moved, 0)
    filled = tf.concat([timestamps.flat_values, [0]], axis=0)  # where there are none at all
    return rows.with_flat_values(tf.where(fits, tf.gather(filled, places), 0))


def dense(ids: tf.RaggedTensor, timestamps: tf.Tensor, now: tf.Tensor) -> Told:
    """Of padded timestamps, as `ids` were padded, or [[0]] for none; `now` for each or for all.

    Args:
        ids: ragged histories, still with their padding, (batch, length) each.
        timestamps: (batch, length) int64, or (1, 1).
        now: (batch,) or (1,) int64.
    """
    rows = ids.nrows()
    shape = tf.stack([rows, ids.bounding_shape(axis=1)])
    alike = tf.reduce_all(tf.shape(timestamps, tf.int64) == shape)
    none = tf.reduce_all(tf.shape(timestamps) == 1)
    fits = tf.logical_or(tf.size(now, tf.int64) == rows, tf.size(now) == 1)
    checks = [
        tf.raw_ops.Assert(condition=holds, data=[message])
        for holds, message in (
            (tf.logical_or(alike, none), "expected a timestamp for each id, or [[0]] for none."),
            (fits, "expected one now, or one for each history."),
        )
    ]
    timestamps, now = after(checks, (timestamps, now))
    told = tf.broadcast_to(tf.where(alike, timestamps, 0), shape)
    return Told(ids, tf.RaggedTensor.from_tensor(told), tf.broadcast_to(now, rows[tf.newaxis]))
