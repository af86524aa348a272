"""Two baselines that every table shows: a model that does not beat them has learnt nothing."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.ordered import ordered_floats
from seqrec_tf.evaluation.ranking import Scorer

ABOVE_ONE = float(np.nextafter(np.float32(1), np.float32(2)))  # what followed beats any share
REPLACED = (
    tf.TensorSpec([None], tf.float32),
    tf.TensorSpec([], tf.int32),
    tf.TensorSpec([None, 2], tf.int64),
    tf.TensorSpec([None], tf.float32),
)


def popularity_scorer(catalogue: Catalogue) -> Scorer:
    """Scores every item with its share of the training interactions."""
    share = tf.constant(catalogue.popularity())

    def score(histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None) -> tf.Tensor:
        return tf.tile(share[tf.newaxis], [histories.nrows(), 1])

    return score


def markov_scorer(training: tf.RaggedTensor, catalogue: Catalogue) -> Scorer:
    """First-order Markov chain: how often an item followed the history's last one in training.

    A score is that count and the item's share of the interactions, which is at most one: equal
    counts, and items that never followed, are ordered by popularity, however large the counts.
    """
    popularity, counts = tf.constant(catalogue.popularity()), np.append(0, catalogue.counts)
    share = counts / max(counts.sum(dtype=np.float64), 1)
    successors = _successors(training, catalogue.size)

    def score(histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None) -> tf.Tensor:
        last = tf.gather(histories.flat_values, histories.row_limits() - 1)
        found = [successors(item) for item in last.numpy()]
        lines = np.repeat(np.arange(len(found)), [len(items) for items, _ in found])
        places = np.stack([lines, np.concatenate([items for items, _ in found])], axis=1)
        scores = [
            ordered_floats(np.maximum(times + share[items], ABOVE_ONE), times, counts[items])
            for items, times in found
        ]
        return _replaced(popularity, tf.constant(len(found)), places, np.concatenate(scores))

    return score


@tf.function(input_signature=REPLACED, autograph=False)
def _replaced(row: tf.Tensor, lines: tf.Tensor, places: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """`row`, (items + 1,), so many times, with other values in some places; in memory once."""
    return tf.tensor_scatter_nd_update(tf.tile(row[tf.newaxis], [lines, 1]), places, values)


def _successors(
    training: tf.RaggedTensor, items: int
) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """A function from an item row to its successors' rows and counts."""
    before, after = training[:, :-1].flat_values.numpy(), training[:, 1:].flat_values.numpy()
    pairs, counts = np.unique(before.astype(np.int64) * (items + 1) + after, return_counts=True)
    first = np.searchsorted(pairs, np.arange(items + 2, dtype=np.int64) * (items + 1))

    def successors(item: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = slice(first[item], first[item + 1])
        return pairs[chosen] % (items + 1), counts[chosen]

    return successors
