"""The boundary between ragged and padded: the only place where a history gets or loses padding.

Everywhere else a batch of histories is a `tf.RaggedTensor` of item rows without zeros. Networks
compute on dense tensors, so at the last moment a batch is padded **on the right** with row 0.
Both encoders are causal: the output at a position depends on that position and earlier ones only.
Padding on the right is therefore never read by a real position, and needs no mask.
"""

import tensorflow as tf


def most_recent(histories: tf.RaggedTensor, window: int) -> tf.RaggedTensor:
    """The last `window` items of each history: (batch, None) -> (batch, None)."""
    return histories[:, -window:]


def to_padded(histories: tf.RaggedTensor, length: tf.Tensor | int | None = None) -> tf.Tensor:
    """Pad on the right with 0.

    Args:
        histories: (batch, None) item rows.
        length: width of the result, at least the longest history; default: the longest history,
            and at least 1, because networks need a position to compute.

    Returns:
        (batch, length), the dtype of `histories`.
    """
    rows = histories.nrows()
    if length is None:
        length = tf.reduce_max(tf.concat([histories.row_lengths(), [1]], axis=0))
    return histories.to_tensor(shape=tf.stack([rows, tf.cast(length, rows.dtype)]))


def from_padded(rows: tf.Tensor) -> tf.RaggedTensor:
    """Drop every 0, wherever it stands: (batch, length) -> ragged (batch, None)."""
    return drop_padding(tf.RaggedTensor.from_tensor(rows))


def drop_padding(histories: tf.RaggedTensor) -> tf.RaggedTensor:
    """Drop every row 0 (padding and unknown items): ragged (batch, None) -> ragged."""
    return drop_padding_of(histories, histories)


def drop_padding_of(rows: tf.RaggedTensor, values: tf.RaggedTensor) -> tf.RaggedTensor:
    """`values`, one for each of `rows`, without those of padding."""
    return tf.ragged.boolean_mask(values, rows != 0)


def prefix(sequences: tf.RaggedTensor, lengths: tf.Tensor) -> tf.RaggedTensor:
    """The first `lengths[i]` items of sequence i; `lengths` is (batch,)."""
    starts = sequences.row_starts()
    positions = tf.ragged.range(starts, starts + tf.cast(lengths, starts.dtype))
    return tf.gather(sequences.flat_values, positions)
