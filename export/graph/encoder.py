"""What the graph needs of an encoder, whoever made it.

Encoders of this project (`seqrec_tf.models.Encoder`), somebody else's
(`export.sources.foreign.ForeignEncoder`) and that of a published version
(`export.sources.refreshed.RefreshedEncoder`) have it. It lies with the graph and not with those,
because the graph is below the sources and may not import them.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import tensorflow as tf


@runtime_checkable
class HistoryEncoder(Protocol):
    """Turns histories of item rows into vectors; rows are 1..items, 0 is padding.

    The score of an item after a history is the dot product of the history's vector and the item's
    row of `item_table()`. It may have further attributes: see `table_variable`, `trained_part` and
    `reads_times`.
    """

    @property
    def window(self) -> int:
        """Most recent items of a history that are read."""

    @property
    def dim(self) -> int:
        """Width of all vectors."""

    @property
    def tensorflow_variables(self) -> Sequence[tf.Variable]:
        """What an artifact has to hold, so that `encode` works there."""

    def item_table(self) -> tf.Tensor:
        """Item vectors: (items + 1, dim) float32; row 0 is never recommended."""

    def encode(self, histories: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
        """Ragged (batch, None) rows, or dense ones with 0 as padding, -> (batch, dim) float32.

        Zeros for an empty history.
        """


@runtime_checkable
class DeviceEncoder(HistoryEncoder, Protocol):
    """One that a LiteRT file can hold, which has no ragged ops."""

    def encode_one(self, rows: tf.Tensor) -> tf.Tensor:
        """(length,) int32 rows, 1 to `window` of them, -> (1, dim) float32."""


def table_variable(encoder: HistoryEncoder) -> tf.Variable | None:
    """The item table, if that is a variable which the encoder itself can do without."""
    return getattr(encoder, "table", None)


def reads_times(encoder: HistoryEncoder) -> bool:
    """Whether its `encode` takes times as a second argument, as `seqrec_tf.models.Encoder`'s."""
    return getattr(encoder, "time_bias", False)


def trained_part(encoder: HistoryEncoder) -> tf.Module | None:
    """What a further refresh starts from, of the encoder of a published version."""
    return getattr(encoder, "trained", None)
