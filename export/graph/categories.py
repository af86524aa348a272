"""Which items a request's categories allow."""

import numpy as np
import tensorflow as tf

from export.graph.bounds import MOST_IDS, checked, size_of
from seqrec_tf.data.catalogue import Catalogue


class CategoryFilter(tf.Module):
    """Which rows belong to which categories, as a list of rows a category.

    Args:
        catalogue: with categories.
    """

    def __init__(self, catalogue: Catalogue):
        super().__init__()
        members = catalogue.category_members()
        self.size = catalogue.size + 1
        rows = np.concatenate([np.zeros(0, np.int32), *members.values()])
        splits = np.cumsum([0, 0, *map(len, members.values())])
        self.members = tf.Variable(rows, trainable=False)
        self.splits = tf.Variable(splits, trainable=False)
        self.names = tf.Variable(list(members), dtype=tf.string, trainable=False)
        self.numbers = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(members), tf.string), tf.range(1, len(members) + 1, dtype=tf.int64)
            ),
            default_value=0,
        )

    def allowed(self, categories: tf.Tensor) -> tf.Tensor:
        """(items + 1,) bool: rows of any of the categories (n,); all rows if there are none.

        An unknown category has no items.
        """
        categories = checked(categories, categories=(size_of(categories), MOST_IDS))
        # Each once, however often it is asked for: a category may have very many members.
        found = self.numbers.lookup(categories)[:, tf.newaxis]
        asked = tf.scatter_nd(found, tf.ones_like(found)[:, 0], [self.splits.shape[0]])
        numbers = tf.where(asked > 0)[:, 0]
        starts = tf.gather(self.splits, numbers)
        places = tf.ragged.range(starts, tf.gather(self.splits, numbers + 1)).flat_values
        rows = tf.gather(self.members, places)
        chosen = tf.scatter_nd(rows[:, tf.newaxis], tf.ones_like(rows), [self.size]) > 0
        return tf.logical_or(chosen, tf.equal(tf.size(categories), 0))
