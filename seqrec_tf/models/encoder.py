"""The one interface of every encoder: a history of item rows in, a vector out."""

import keras
import tensorflow as tf

from seqrec_tf.models.dropout import Dropout
from seqrec_tf.ragged import from_padded, most_recent, to_padded

FORGOTTEN = 0.1  # share of the times that a training step does not tell


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
        time_bias: whether times are read. While training, so many are taken for unknown
            (`FORGOTTEN`) that histories without times are answered well, too.

    Call arguments:
        rows: (batch, length) int32, length at most `window`, padded **on the right** with 0
            (`seqrec_tf.ragged`).
        times: (batch, length + 1) int64, when each item was, and then when the next one is asked
            for; 0 and negatives are unknown, as all are for None. Read with `time_bias` only.
        training: whether dropout is active.

    Output shape:
        (batch, length, dim): at each position, the vector for the item that comes next. The
        output at padding is meaningless and must not be read.
    """

    def __init__(
        self,
        items: int,
        window: int,
        dim: int,
        layers: int,
        dropout: float,
        time_bias: bool = False,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self.items = items
        self.window = window
        self.dim = dim
        self.depth = layers
        self.dropout_rate = dropout
        self.time_bias = time_bias
        if time_bias:
            self.forgetting = Dropout(FORGOTTEN)

    @property
    def tensorflow_variables(self) -> list[tf.Variable]:
        """What a SavedModel has to track: it does not see those inside of Keras' variables."""
        return [variable.value for variable in self.variables]

    def item_table(self) -> tf.Tensor:
        """Item vectors: (items + 1, dim) float32; row 0 is padding and never recommended."""
        raise NotImplementedError

    # Nothing of this project lets a tensor steer Python, so its graphs are traced without
    # AutoGraph, which takes seconds to rewrite every function that they call.
    @tf.autograph.experimental.do_not_convert
    def encode(
        self, histories: tf.RaggedTensor | tf.Tensor, times: tf.RaggedTensor | None = None
    ) -> tf.Tensor:
        """Vector of each history.

        Args:
            histories: ragged (batch, None) item rows, or dense (batch, length) with 0 as padding
                on either side. Only the most recent `window` items are read.
            times: of ragged histories, (batch, None) int64, one more than there are items.

        Returns:
            (batch, dim) float32, whatever the layers compute in; zeros for an empty history.
        """
        if not isinstance(histories, tf.RaggedTensor):
            histories = from_padded(histories)
        histories = most_recent(histories, self.window)
        lengths = histories.row_lengths()
        rows = to_padded(histories)
        if times is not None:
            times = to_padded(most_recent(times, self.window + 1), tf.shape(rows)[1] + 1)
        last = tf.cast(self.at(rows, tf.maximum(lengths - 1, 0), times), tf.float32)
        return tf.where(lengths[:, tf.newaxis] > 0, last, tf.zeros_like(last))

    def encode_one(self, rows: tf.Tensor, times: tf.Tensor | None = None) -> tf.Tensor:
        """Vector of one history, without ragged ops, which LiteRT does not have.

        Args:
            rows: (length,) int32 item rows, 1 to `window` of them.
            times: (length + 1,) int64.

        Returns:
            (1, dim) float32.
        """
        last = tf.shape(rows)[:1] - 1
        times = None if times is None else times[tf.newaxis]
        return tf.cast(self.at(rows[tf.newaxis], last, times), tf.float32)

    def at(
        self, rows: tf.Tensor, positions: tf.Tensor, times: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The output at one position of each history: (batch, length), (batch,) -> (batch, dim)."""
        read = {"times": times} if self.time_bias else {}
        return tf.gather(self(rows, training=False, **read), positions, batch_dims=1)

    def moments(
        self, rows: tf.Tensor, times: tf.Tensor | None, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """When each item was, and when what comes after it was asked for; 0 is unknown.

        While training, all times of a share of the histories are unknown, and of the others' some
        of the second kind: that is how requests come that do not say when they are.

        Args:
            rows: (batch, length), see the class.
            times: (batch, length + 1), see the class.
            training: see the class.

        Returns:
            (batch, length) int64 both.
        """
        if times is None:
            none = tf.zeros_like(rows, tf.int64)
            return none, none
        been, asked = times[:, :-1], times[:, 1:]
        if not training:
            return been, asked
        told, said = (
            tf.cast(self.forgetting(tf.ones_like(each, tf.float32), training=True) > 0, tf.int64)
            for each in (been[:, :1], asked)
        )
        return been * told, asked * told * said

    def get_config(self) -> dict:
        """Constructor arguments, so that `model.keras` loads without this run's config."""
        return {
            "items": self.items,
            "window": self.window,
            "dim": self.dim,
            "layers": self.depth,
            "dropout": self.dropout_rate,
            "time_bias": self.time_bias,
        }
