"""The block of SASRec: causal self-attention, then a feed-forward layer, both residual."""

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from seqrec_tf.models.attention import attention_at, causal_attention
from seqrec_tf.models.dropout import Dropout
from seqrec_tf.models.layers import LayerNormalization, lookup


@keras.saving.register_keras_serializable("seqrec_tf")
class TransformerBlock(keras.layers.Layer):
    """(batch, length, dim) -> the same; a position reads itself and earlier ones.

    Written out rather than `keras_hub.layers.TransformerDecoder`, which builds and adds a padding
    mask that nothing needs here: padding stands on the right, where causality hides it.

    Args:
        dim: width of input and output.
        heads: attention heads, a divisor of `dim`.
        dropout: rate, on attention weights and on both residual branches.
        norm: "pre" normalises what a branch reads (as SASRec's code), "post" the sum that it is
            added to (as the transformer of 2017).
        expansion: width of the feed-forward layer as a multiple of `dim`; SASRec's is 1.
        gated: SwiGLU instead of ReLU, and each branch times a sigmoid gate of its input (LiGR,
            Borisyuk et al., arXiv 2502.03417).
        distances: number of distances with a learned attention bias of their own; 0: none.
        buckets: number of times with one, too (`seqrec_tf.models.gaps`); 0: none.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        dropout: float,
        norm: str = "pre",
        expansion: int = 1,
        gated: bool = False,
        distances: int = 0,
        buckets: int = 0,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self.config = {
            **{"dim": dim, "heads": heads, "dropout": dropout, "norm": norm},
            **{"expansion": expansion, "gated": gated, "distances": distances},
            "buckets": buckets,
        }
        self.dim, self.heads, self.gated, self.pre_norm = dim, heads, gated, norm == "pre"
        self.attention_norm = LayerNormalization(epsilon=1e-6)
        self.query, self.key, self.value = (keras.layers.Dense(dim) for _ in range(3))
        self.attention_dropout = Dropout(dropout)
        self.attention_output = keras.layers.Dense(dim)
        self.feed_forward_norm = LayerNormalization(epsilon=1e-6)
        self.feed_forward = keras.layers.Dense(expansion * dim)
        self.feed_forward_output = keras.layers.Dense(dim)
        if gated:
            self.feed_forward_gate = keras.layers.Dense(expansion * dim)
            self.attention_gate, self.output_gate = (
                keras.layers.Dense(dim, activation="sigmoid") for _ in range(2)
            )
        self.residual_dropout = Dropout(dropout)
        self.distances, self.buckets = distances, buckets

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights."""
        for layer in self._flatten_layers(include_self=False, recursive=False):
            wide = layer is self.feed_forward_output
            width = self.feed_forward.units if wide else self.dim
            layer.build((*input_shape[:-1], width))
        if self.distances:
            self.distance_bias = self.add_weight(
                shape=(self.heads, self.distances), initializer="zeros", name="distance_bias"
            )
        if self.buckets:
            self.time_bias = self.add_weight(
                shape=(self.buckets, self.heads), initializer="zeros", name="time_bias"
            )
        self.built = True

    def call(
        self,
        inputs: tf.Tensor,
        buckets: tf.Tensor | None = None,
        training: bool = False,
        only: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """See the class; with `only`, (batch,) int, just that position of each: (batch, dim).

        Args:
            inputs: see the class.
            buckets: (batch, length, length) int32, of the time from a key to a query.
            training: whether dropout is active.
            only: see above.
        """
        shape = tf.shape(inputs)
        if buckets is not None and only is not None:
            buckets = tf.gather(buckets, only, batch_dims=1)[:, tf.newaxis]

        def kept(hidden: tf.Tensor) -> tf.Tensor:
            if only is None:
                return hidden
            return tf.gather(tf.reshape(hidden, shape), only, batch_dims=1)

        attend = functools.partial(self._attend, shape, buckets, only, kept)
        # On (positions, dim) TensorFlow fuses a product with its bias and activation.
        hidden = tf.reshape(inputs, [-1, self.dim])
        gates = (self.attention_gate, self.output_gate) if self.gated else (None, None)
        hidden = self._branch(hidden, kept, self.attention_norm, attend, gates[0], training)
        whole = (lambda rows: rows, self.feed_forward_norm, self._feed, gates[1])
        hidden = self._branch(hidden, *whole, training)
        return hidden if only is not None else tf.reshape(hidden, shape)

    def _branch(
        self,
        inputs: tf.Tensor,
        kept: Callable[[tf.Tensor], tf.Tensor],
        norm: LayerNormalization,
        layer: Callable[[tf.Tensor, bool], tf.Tensor],
        gate: keras.layers.Dense | None,
        training: bool,
    ) -> tf.Tensor:
        """The kept positions of `inputs`, and what a layer adds to them."""
        changed = layer(norm(inputs, training=training) if self.pre_norm else inputs, training)
        inputs = kept(inputs)
        if gate:
            changed = changed * gate(inputs)
        outputs = inputs + self.residual_dropout(changed, training=training)
        return outputs if self.pre_norm else norm(outputs, training=training)

    def _feed(self, hidden: tf.Tensor, training: bool) -> tf.Tensor:
        expanded = self.feed_forward(hidden)
        if self.gated:
            # Not `tf.nn.silu`, whose custom gradient would end up in every SavedModel.
            expanded = expanded * tf.sigmoid(expanded) * self.feed_forward_gate(hidden)
        else:
            expanded = tf.nn.relu(expanded)
        return self.feed_forward_output(expanded)

    def _attend(
        self,
        shape: tf.Tensor,
        buckets: tf.Tensor | None,
        only: tf.Tensor | None,
        kept: Callable[[tf.Tensor], tf.Tensor],
        hidden: tf.Tensor,
        training: bool,
    ) -> tf.Tensor:
        """(positions, dim) of shape (batch, length) -> the kept positions' (positions, dim)."""
        query = self.query(kept(hidden)) * (self.dim // self.heads) ** -0.5
        asked = shape if only is None else tf.stack([shape[0], 1])
        query = self._split_heads(query, asked, training)
        key, value = (
            self._split_heads(layer(hidden), shape, training) for layer in (self.key, self.value)
        )
        bias = None
        if self.distances:
            bias = tf.cast(tf.convert_to_tensor(self.distance_bias), self.compute_dtype)
        timed = None
        if buckets is not None:
            timed = lookup(tf.convert_to_tensor(self.time_bias), buckets, training)
            timed = tf.cast(tf.transpose(timed, [0, 3, 1, 2]), self.compute_dtype)
        if only is None:
            dropout = self.attention_dropout.draw(training)
            attended = causal_attention(query, key, value, *dropout, bias, training, timed)
        else:
            attended = attention_at(query, key, value, only, bias, timed)
        return self.attention_output(self._join_heads(attended, training))

    # A transpose is best for a training batch, but its oneDNN kernel takes 0.15 ms for a single
    # history, a fifth of the whole encoder; cutting and stacking takes a tenth of that.

    def _split_heads(self, hidden: tf.Tensor, shape: tf.Tensor, training: bool) -> tf.Tensor:
        """(positions, dim) -> (batch, heads, length, width)."""
        width = self.dim // self.heads
        if self.heads == 1:
            return tf.reshape(hidden, [shape[0], 1, shape[1], width])
        if training:
            hidden = tf.reshape(hidden, [shape[0], shape[1], self.heads, width])
            return tf.transpose(hidden, [0, 2, 1, 3])
        hidden = tf.reshape(hidden, [shape[0], shape[1], self.dim])
        return tf.stack(tf.split(hidden, self.heads, axis=-1), axis=1)

    def _join_heads(self, attended: tf.Tensor, training: bool) -> tf.Tensor:
        """(batch, heads, length, width) -> (positions, dim)."""
        if training and self.heads > 1:
            attended = tf.transpose(attended, [0, 2, 1, 3])
        elif self.heads > 1:
            attended = tf.concat(tf.unstack(attended, self.heads, axis=1), axis=-1)
        return tf.reshape(attended, [-1, self.dim])

    def get_config(self) -> dict:
        """Constructor arguments."""
        return {**super().get_config(), **self.config}
