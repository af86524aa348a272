"""GRU4Rec as two towers: a GRU over the history, and a table of candidate items.

Hidasi et al., arXiv 1511.06939; the two-tower form is that of the keras.io example.
"""

from typing import Any

import keras
import tensorflow as tf

from seqrec_tf.models.dropout import Dropout
from seqrec_tf.models.encoder import Encoder
from seqrec_tf.models.gaps import BUCKETS, gap_bucket
from seqrec_tf.models.layers import lookup


@keras.saving.register_keras_serializable("seqrec_tf")
class GRU4Rec(Encoder):
    """Query tower: item embedding and a stack of GRUs. Item tower: an embedding of its own.

    The GRUs carry no mask: padding stands on the right, after the last state that is read. That
    also keeps the fused GPU kernel usable, which refuses other masks.

    With `time_bias` each item of the history gets a vector for the time until the next one.

    Args:
        tied: whether both towers share one embedding.
        **arguments: see `Encoder`.
    """

    def __init__(self, tied: bool = False, **arguments: Any):
        super().__init__(**arguments)
        self.tied = tied
        self.query_embedding = keras.layers.Embedding(self.items + 1, self.dim)
        self.dropout = Dropout(self.dropout_rate)
        self.recurrent = [
            keras.layers.GRU(self.dim, return_sequences=True) for _ in range(self.depth)
        ]
        self.candidate_embedding = (
            self.query_embedding if tied else keras.layers.Embedding(self.items + 1, self.dim)
        )
        self.build((None, self.window))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create all weights, so that loading a saved encoder needs no example batch."""
        self.query_embedding.build(input_shape)
        if not self.tied:
            self.candidate_embedding.build(input_shape)
        if self.time_bias:
            self.gap_vectors = self.add_weight(
                shape=(BUCKETS, self.dim), initializer="zeros", name="gap_vectors"
            )
        for layer in self.recurrent:
            layer.build((*input_shape, self.dim))
        self.built = True

    def call(
        self, rows: tf.Tensor, times: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """See `Encoder`."""
        hidden = lookup(tf.convert_to_tensor(self.query_embedding.embeddings), rows, training)
        if self.time_bias:
            waited = gap_bucket(*self.moments(rows, times, training))
            hidden += lookup(tf.convert_to_tensor(self.gap_vectors), waited, training)
        hidden = self.dropout(hidden, training=training)
        for layer in self.recurrent:
            hidden = self.dropout(layer(hidden, training=training), training=training)
        return hidden

    def item_table(self) -> tf.Tensor:
        """See `Encoder`."""
        return tf.convert_to_tensor(self.candidate_embedding.embeddings)

    def get_config(self) -> dict:
        """See `Encoder`."""
        return {**super().get_config(), "tied": self.tied}
