"""Tensors in a line."""

import tensorflow as tf


def ragged(lists: list[list], dtype: tf.DType = tf.int32) -> tf.RaggedTensor:
    """(rows, None)."""
    return tf.ragged.constant(lists, dtype=dtype, ragged_rank=1)
