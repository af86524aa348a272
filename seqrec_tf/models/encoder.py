"""The one interface of every encoder: a history of item rows in, a vector out."""

import keras
import tensorflow as tf

from seqrec_tf.ragged import from_padded, most_recent, to_padded


class Encoder(keras.Model):
    """A causal network from item rows to vectors that are compared with the item table.

    The score of an item after a history is the dot product of `encode(history)` and the item's
    row of `item_table()`.

    Args:
        items: size of the catalogue; rows are 1..items, row 0 is padding.
        window: most recent items of a history that are read.
        dim: width of all vectors.
        layers: depth of the network.
        dropout: dropout rate while training.

    Call arguments:
        rows: (batch, length) int32, length at most `window`, padded **on the right** with 0
            (`seqrec_tf.ragged`).
        training: whether dropout is active.

    Output shape:
        (batch, length, dim): at each position, the vector for the item that comes next. The
        output at padding is meaningless and must not be read.
    """

    def __init__(
        self, items: int, window: int, dim: int, layers: int, dropout: float, **kwargs: object
    ):
        super().__init__(**kwargs)
        self.items = items
        self.window = window
        self.dim = dim
        self.depth = layers
        self.dropout_rate = dropout

    @property
    def tensorflow_variables(self) -> list[tf.Variable]:
        """What a SavedModel has to track: it does not see those inside of Keras' variables."""
        return [variable.value for variable in self.variables]

    def item_table(self) -> tf.Tensor:
        """Item vectors: (items + 1, dim) float32; row 0 is padding and never recommended."""
        raise NotImplementedError

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        """Vector of each history.

        Args:
            histories: ragged (batch, None) item rows, or dense (batch, length) with 0 as padding
                on either side. Only the most recent `window` items are read.

        Returns:
            (batch, dim) float32, whatever the layers compute in; zeros for an empty history.
        """
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        histories = most_recent(histories, self.window)
        lengths = histories.row_lengths()
        last = tf.cast(self.at(to_padded(histories), tf.maximum(lengths - 1, 0)), tf.float32)
        return tf.where(lengths[:, tf.newaxis] > 0, last, tf.zeros_like(last))

    def encode_one(self, rows: tf.Tensor) -> tf.Tensor:
        """Vector of one history, without ragged ops, which LiteRT does not have.

        Args:
            rows: (length,) int32 item rows, 1 to `window` of them.

        Returns:
            (1, dim) float32.
        """
        last = tf.shape(rows)[:1] - 1
        return tf.cast(self.at(rows[tf.newaxis], last), tf.float32)

    def at(self, rows: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
        """The output at one position of each history: (batch, length), (batch,) -> (batch, dim)."""
        return tf.gather(self(rows, training=False), positions, batch_dims=1)

    def get_config(self) -> dict:
        """Constructor arguments, so that `model.keras` loads without this run's config."""
        return {
            "items": self.items,
            "window": self.window,
            "dim": self.dim,
            "layers": self.depth,
            "dropout": self.dropout_rate,
        }
