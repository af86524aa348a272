"""An encoder that needs no training: the vector of a history is the mean of its items'."""

import tensorflow as tf

from seqrec_tf.ragged import from_padded, most_recent


class MeanEncoder:
    """As `seqrec_tf.models.Encoder`, as far as an export asks for it.

    Args:
        table: (items + 1, dim) float32, row 0 zeros.
        window: most recent items of a history that count.
    """

    def __init__(self, table: tf.Tensor, window: int):
        self.window, self.dim = window, table.shape[1]
        self._table = tf.Variable(table, trainable=False)
        self.tensorflow_variables = [self._table]

    def item_table(self) -> tf.Tensor:
        return tf.convert_to_tensor(self._table)

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        recent = most_recent(histories, self.window)
        sums = tf.reduce_sum(tf.gather(self.item_table(), recent), axis=1)
        lengths = tf.maximum(recent.row_lengths()[:, tf.newaxis], 1)
        return sums / tf.cast(lengths, tf.float32)
