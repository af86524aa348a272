"""SASRec: self-attentive sequential recommendation (Kang and McAuley, arXiv 1808.09781)."""

from typing import Any

import keras
import keras_hub
import tensorflow as tf

from seqrec_tf.models.dropout import Dropout
from seqrec_tf.models.encoder import Encoder
from seqrec_tf.models.gaps import BUCKETS, gap_bucket, gaps_to_all
from seqrec_tf.models.layers import LayerNormalization, lookup
from seqrec_tf.models.transformer import TransformerBlock


@keras.saving.register_keras_serializable("seqrec_tf")
class SASRec(Encoder):
    """Causal transformer; its input embedding is also the item table, unless `tied` is off.

    On the way in, item vectors are scaled by sqrt(dim), as in the paper's code: the table starts
    small, as an output layer must, and would otherwise drown in the position vectors.

    With `time_bias` each block's attention has a learned bias for the time from a key until what
    comes after its query is asked for (as HSTU, Zhai et al., arXiv 2402.17152), and each item gets
    a vector for the time until the next one.

    Args:
        positions: "learned" adds a vector for each position to the items; "relative" adds a
            learned bias for each distance to the attention scores; "none" does neither.
        tied: whether the item table is the input embedding.
        heads: see `TransformerBlock`, as `norm`, `expansion` and `gated`.
        **arguments: see `Encoder`.
    """

    def __init__(
        self,
        heads: int = 1,
        positions: str = "learned",
        norm: str = "pre",
        expansion: int = 1,
        gated: bool = False,
        tied: bool = True,
        **arguments: Any,
    ):
        super().__init__(**arguments)
        self.block: dict[str, Any] = {
            "heads": heads,
            "norm": norm,
            "expansion": expansion,
            "gated": gated,
        }
        self.positions, self.tied = positions, tied
        self.embedding = self._embedding()
        self.candidate_embedding = self.embedding if tied else self._embedding()
        if positions == "learned":
            self.position = keras_hub.layers.PositionEmbedding(self.window)
        self.dropout = Dropout(self.dropout_rate)
        distances = self.window if positions == "relative" else 0
        buckets = BUCKETS if self.time_bias else 0
        self.blocks = [
            TransformerBlock(
                self.dim,
                dropout=self.dropout_rate,
                distances=distances,
                buckets=buckets,
                **self.block,
            )
            for _ in range(self.depth)
        ]
        self.norm = LayerNormalization(epsilon=1e-6)
        self.build((None, self.window))

    def _embedding(self) -> keras_hub.layers.ReversibleEmbedding:
        return keras_hub.layers.ReversibleEmbedding(
            self.items + 1,
            self.dim,
            embeddings_initializer=keras.initializers.RandomNormal(0, 0.02),
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights, so that loading a saved encoder needs no example batch."""
        self.embedding.build(input_shape)
        if not self.tied:
            self.candidate_embedding.build(input_shape)
        if self.positions == "learned":
            self.position.build((*input_shape, self.dim))
        if self.time_bias:
            self.gap_vectors = self.add_weight(
                shape=(BUCKETS, self.dim), initializer="zeros", name="gap_vectors"
            )
        for block in self.blocks:
            block.build((*input_shape, self.dim))
        self.norm.build((*input_shape, self.dim))
        self.built = True

    def call(
        self, rows: tf.Tensor, times: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """See `Encoder`."""
        hidden, buckets = self._embed(rows, times, training)
        for block in self.blocks:
            hidden = block(hidden, buckets, training=training)
        return self.norm(hidden, training=training)

    def at(
        self, rows: tf.Tensor, positions: tf.Tensor, times: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `Encoder`; the last block computes nothing for the other positions."""
        hidden, buckets = self._embed(rows, times, training=False)
        for block in self.blocks[:-1]:
            hidden = block(hidden, buckets)
        return self.norm(self.blocks[-1](hidden, buckets, only=positions))

    def _embed(
        self, rows: tf.Tensor, times: tf.Tensor | None, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """What the first block reads, and for its bias the buckets of all gaps, if times are read.

        Returns:
            (batch, length, dim), and (batch, length, length) int32 or None.
        """
        hidden = lookup(tf.convert_to_tensor(self.embedding.embeddings), rows, training)
        hidden *= self.dim**0.5
        if self.positions == "learned":
            hidden += self.position(hidden)
        if not self.time_bias:
            return self.dropout(hidden, training=training), None
        been, asked = self.moments(rows, times, training)
        waited = gap_bucket(been, asked)
        hidden += lookup(tf.convert_to_tensor(self.gap_vectors), waited, training)
        return self.dropout(hidden, training=training), gaps_to_all(been, asked)

    def item_table(self) -> tf.Tensor:
        """See `Encoder`."""
        return tf.convert_to_tensor(self.candidate_embedding.embeddings)

    def get_config(self) -> dict:
        """See `Encoder`."""
        own = {"positions": self.positions, "tied": self.tied}
        return {**super().get_config(), **self.block, **own}
