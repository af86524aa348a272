"""Two baselines that every table shows: a model that does not beat them has learnt nothing."""

import numpy as np
import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.ranking import Scorer


def popularity_scorer(catalogue: Catalogue) -> Scorer:
    """Scores every item with its share of the training interactions."""
    share = catalogue.popularity()

    def score(histories: tf.RaggedTensor) -> tf.Tensor:
        return tf.tile(tf.constant(share)[tf.newaxis], [histories.nrows(), 1])

    return score


def markov_scorer(training: tf.RaggedTensor, catalogue: Catalogue) -> Scorer:
    """First-order Markov chain: how often an item followed the history's last one in training.

    Equal counts, and items that never followed, are ordered by popularity, whose share is below
    one and so never outweighs a count.
    """
    share = catalogue.popularity()
    successors = _successors(training, catalogue.size)

    def score(histories: tf.RaggedTensor) -> tf.Tensor:
        last = tf.gather(histories.flat_values, histories.row_limits() - 1)
        scores = np.tile(share, (len(last), 1))
        for line, item in enumerate(last.numpy()):
            items, counts = successors(item)
            scores[line, items] += counts
        return tf.constant(scores)

    return score


def _successors(training: tf.RaggedTensor, items: int):
    """A function from an item row to its successors' rows and counts."""
    before, after = training[:, :-1].flat_values.numpy(), training[:, 1:].flat_values.numpy()
    pairs, counts = np.unique(before.astype(np.int64) * (items + 1) + after, return_counts=True)
    first = np.searchsorted(pairs, np.arange(items + 2, dtype=np.int64) * (items + 1))

    def successors(item: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = slice(first[item], first[item + 1])
        return pairs[chosen] % (items + 1), counts[chosen]

    return successors
