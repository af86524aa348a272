"""What the graph needs of an index: where items are found for a vector."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf


class Query(NamedTuple):
    """What is looked for.

    Attributes:
        vectors: (batch, dim) float32.
        cold: (batch, 1) bool, where popularity ranks instead of the vector.
        hidden: ragged (batch, None) int32, rows that must not come up; row 0 never does.
        allowed: (items + 1,) bool, rows that may come up; None for all.
    """

    vectors: tf.Tensor
    cold: tf.Tensor
    hidden: tf.RaggedTensor
    allowed: tf.Tensor | None


@runtime_checkable
class Index(Protocol):
    """Finds items; `export.graph.exact.ExactIndex` and `export.graph.ivf.IvfIndex` are such.

    Attributes:
        reach: the most rows that a search can give.
        norms: (items + 1,) float32, the length of each item's vector, but never 0.
    """

    reach: int
    norms: tf.Variable

    def vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """Item vectors: (...) rows -> (..., dim) float32; zeros for row 0."""

    def search(
        self, query: Query, k: tf.Tensor | int, cosine: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The k best rows, at most `reach`; what must not come up has the lowest finite float.

        Args:
            query: what is looked for.
            k: how many.
            cosine: whether dot products are divided by the items' norms.

        Returns:
            Scores float32 and rows int32, (batch, k) each, best first.
        """

    def dense(self) -> np.ndarray:
        """(items + 1, dim) float32: the vectors that items are rated by."""

    def visible(self, vector: np.ndarray | None, slack: float = 0.0) -> np.ndarray:
        """(items + 1,) bool: the rows that are rated for a vector; None is a person without one.

        Args:
            vector: (dim,).
            slack: also rows that are rated only if nearness is off by so much, as a share.
        """
