"""SASRec: self-attentive sequential recommendation (Kang and McAuley, arXiv 1808.09781)."""

import keras
import keras_hub
import tensorflow as tf

from seqrec_tf.models.encoder import Encoder


@keras.saving.register_keras_serializable("seqrec_tf")
class SASRec(Encoder):
    """Causal pre-norm transformer; its input embedding is also the item table.

    On the way in, item vectors are scaled by sqrt(dim), as in the paper's code: the table starts
    small, as an output layer must, and would otherwise drown in the position vectors.

    Args:
        heads: attention heads; a divisor of `dim`.
        **arguments: see `Encoder`.
    """

    def __init__(self, heads: int = 1, **arguments):
        super().__init__(**arguments)
        self.heads = heads
        self.embedding = keras_hub.layers.ReversibleEmbedding(
            self.items + 1,
            self.dim,
            embeddings_initializer=keras.initializers.RandomNormal(0, 0.02),
        )
        self.position = keras_hub.layers.PositionEmbedding(self.window)
        self.dropout = keras.layers.Dropout(self.dropout_rate)
        self.blocks = [
            TransformerBlock(self.dim, heads, self.dropout_rate) for _ in range(self.depth)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.build((None, self.window))

    def build(self, input_shape) -> None:
        """Create all weights, so that loading a saved encoder needs no example batch."""
        embedded = (*input_shape, self.dim)
        self.embedding.build(input_shape)
        for layer in (self.position, *self.blocks, self.norm):
            layer.build(embedded)
        self.built = True

    def call(self, rows, training=False):
        """See `Encoder`."""
        embedded = self.embedding(rows) * self.dim**0.5
        hidden = self.dropout(embedded + self.position(embedded), training=training)
        for block in self.blocks:
            hidden = block(hidden, training=training)
        return self.norm(hidden)

    def item_table(self) -> tf.Tensor:
        """See `Encoder`."""
        return tf.convert_to_tensor(self.embedding.embeddings)

    def get_config(self) -> dict:
        """See `Encoder`."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable("seqrec_tf")
class TransformerBlock(keras.layers.Layer):
    """Causal self-attention and a feed-forward layer, each normalised first and residual.

    Written out rather than `keras_hub.layers.TransformerDecoder`, which multiplies three times for
    queries, keys and values, and builds and adds a padding mask that nothing needs here: padding
    stands on the right, where causality hides it.

    Args:
        dim: width of input and output.
        heads: attention heads.
        dropout: rate, on attention weights and on both residual branches.
    """

    def __init__(self, dim: int, heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.heads = heads
        self.dropout_rate = dropout
        self.attention_norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.query_key_value = keras.layers.Dense(3 * dim)
        self.attention_dropout = keras.layers.Dropout(dropout)
        self.attention_output = keras.layers.Dense(dim)
        self.feed_forward_norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.feed_forward = keras.layers.Dense(dim, activation="relu")
        self.feed_forward_output = keras.layers.Dense(dim)
        self.residual_dropout = keras.layers.Dropout(dropout)

    def build(self, input_shape) -> None:
        """All sublayers read and, but for queries, keys and values, write (..., dim)."""
        for layer in (
            self.attention_norm,
            self.query_key_value,
            self.attention_output,
            self.feed_forward_norm,
            self.feed_forward,
            self.feed_forward_output,
        ):
            layer.build(input_shape)
        self.built = True

    def call(self, inputs, training=False):
        """(batch, length, dim) -> (batch, length, dim)."""
        attended = self._attend(self.attention_norm(inputs), training)
        hidden = inputs + self.residual_dropout(attended, training=training)
        expanded = self.feed_forward(self.feed_forward_norm(hidden))
        return hidden + self.residual_dropout(self.feed_forward_output(expanded), training=training)

    def _attend(self, hidden, training):
        query, key, value = tf.split(self.query_key_value(hidden), 3, axis=-1)
        query, key, value = (self._split_heads(part) for part in (query, key, value))
        scores = tf.matmul(query * (self.dim // self.heads) ** -0.5, key, transpose_b=True)
        weights = tf.nn.softmax(scores + causal_bias(tf.shape(hidden)[1], scores.dtype))
        weights = self.attention_dropout(weights, training=training)
        return self.attention_output(self._merge_heads(tf.matmul(weights, value)))

    def _split_heads(self, hidden):
        if self.heads == 1:
            return hidden
        shape = tf.shape(hidden)
        hidden = tf.reshape(hidden, [shape[0], shape[1], self.heads, self.dim // self.heads])
        return tf.transpose(hidden, [0, 2, 1, 3])  # (batch, heads, length, dim / heads)

    def _merge_heads(self, hidden):
        if self.heads == 1:
            return hidden
        hidden = tf.transpose(hidden, [0, 2, 1, 3])
        shape = tf.shape(hidden)
        return tf.reshape(hidden, [shape[0], shape[1], self.dim])

    def get_config(self) -> dict:
        """Constructor arguments."""
        own = {"dim": self.dim, "heads": self.heads, "dropout": self.dropout_rate}
        return {**super().get_config(), **own}


def causal_bias(length: tf.Tensor, dtype) -> tf.Tensor:
    """(length, length): 0 where a position may look (itself and earlier), very low elsewhere."""
    positions = tf.range(length)
    later = positions[tf.newaxis, :] > positions[:, tf.newaxis]
    return tf.where(later, tf.constant(-1e9, dtype), tf.constant(0, dtype))
