"""How long ago: the time from an item until what comes after it, or another, is asked for."""

import tensorflow as tf

UNKNOWN = 0  # the bucket where one of the two times is not known
BUCKETS = 64  # the last begins at 2^31 s, 68 years


def gap_bucket(earlier: tf.Tensor, later: tf.Tensor) -> tf.Tensor:
    """The bucket of the time between: 1 for none, then two for each doubling.

    Read out of the float's bits (exponent and first digit), which is the same number on every
    machine; a logarithm is not, and next to an edge that would be another bucket.

    Args:
        earlier: int64, in the unit of the log; 0 and negatives are unknown.
        later: the same, of a shape that goes with it; before `earlier` counts as none.

    Returns:
        int32 of their common shape, below `BUCKETS`; `UNKNOWN` where a time is.
    """
    # Of an unknown time, which may be any negative number, the difference may be anything.
    gaps = tf.cast(tf.maximum(later - earlier, 0), tf.float32)
    halves = tf.bitwise.right_shift(tf.bitcast(gaps + 1, tf.int32), 22) - (127 << 1)
    known = tf.logical_and(earlier > 0, later > 0)
    return tf.where(known, tf.minimum(halves + 1, BUCKETS - 1), UNKNOWN)


def gaps_to_all(been: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
    """Buckets from each item until what comes after each: (batch, length, length) int32.

    Entry [b, i, j] is of the time from item j until what comes after item i is asked for.

    Args:
        been: (batch, length) int64, when each item was.
        asked: (batch, length) int64, when what comes after it was asked for.
    """
    return gap_bucket(been[:, tf.newaxis], asked[:, :, tf.newaxis])
