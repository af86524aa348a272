"""What is looked up of items: titles by row, and rows by id."""

import numpy as np
import tensorflow as tf

PART = 1_000_000  # titles that are Python objects at a time


def title_table(titles: np.ndarray) -> tf.Tensor:
    """The title of each row, part by part: Python's strings take three times as much memory."""
    parts = (titles[i : i + PART].astype(object) for i in range(0, len(titles), PART))
    return tf.concat([[""], *(tf.constant(part, tf.string) for part in parts)], axis=0)


def row_table(ids: tf.Tensor) -> tf.lookup.StaticHashTable:
    """From raw ids, (items + 1,), to their rows."""
    rows = tf.range(1, tf.size(ids, tf.int64), dtype=tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(ids[1:], rows)
    return tf.lookup.StaticHashTable(initializer, default_value=0)
