"""Two encoders as one, whose scores are the sums of theirs: vectors side by side."""

from typing import Any

import keras
import tensorflow as tf

from seqrec_tf.models.encoder import Encoder


@keras.saving.register_keras_serializable("seqrec_tf")
class Blend(Encoder):
    """A network with a companion: q.v + w q'.v' is one dot product of (q, w q') and (v, v').

    So whatever holds for one encoder holds for both: retrieval, indexes, quantisation, a phone.
    Rankings of different models err in different places, and their sum errs less than either.

    Args:
        network: what was trained.
        companion: of the same catalogue and window.
        weight: of the companion's scores.
    """

    def __init__(self, network: Encoder, companion: Encoder, weight: float, **kwargs: object):
        super().__init__(
            items=network.items,
            window=network.window,
            dim=network.dim + companion.dim,
            layers=network.depth,
            dropout=network.dropout_rate,
            time_bias=network.time_bias,
            **kwargs,
        )
        if (companion.items, companion.window) != (network.items, network.window):
            raise ValueError(
                f"companion: expected {network.items} items and a window of {network.window}. "
                f"Received: {companion.items} and {companion.window}."
            )
        self.network, self.companion, self.weight = network, companion, weight
        self.built = True

    def call(
        self, rows: tf.Tensor, times: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """See `Encoder`."""
        return self._joined(self.network(rows, times, training=training), self.companion(rows))

    def at(
        self, rows: tf.Tensor, positions: tf.Tensor, times: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `Encoder`."""
        own = self.network.at(rows, positions, times)
        return self._joined(own, self.companion.at(rows, positions))

    def _joined(self, own: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        return tf.concat([tf.cast(own, tf.float32), self.weight * other], axis=-1)

    def item_table(self) -> tf.Tensor:
        """See `Encoder`."""
        return tf.concat([self.network.item_table(), self.companion.item_table()], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Both encoders and the weight."""
        parts = {"network": self.network, "companion": self.companion}
        saved = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return saved | {"weight": self.weight}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Blend":
        """The reverse of `get_config`."""
        parts = {name: config[name] for name in ("network", "companion")}
        built = {name: keras.saving.deserialize_keras_object(part) for name, part in parts.items()}
        return cls(**config | built)


def network_of(encoder: Encoder) -> Encoder:
    """What was trained by gradients: of a blend its network, of any other itself."""
    return encoder.network if isinstance(encoder, Blend) else encoder
