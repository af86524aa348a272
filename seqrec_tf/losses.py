"""Objectives: how the vector at a position is pulled towards the item that came next.

Each takes real positions only, never padding:

    hidden     (positions, dim)         encoder outputs
    targets    (positions,) int32       row of the next item, 1..items
    negatives  (positions, count) int32 rows drawn for this position (bce only)

and returns the mean over positions, a float32 scalar.
"""

import keras_rs
import tensorflow as tf

from seqrec_tf.models import Encoder


def binary_cross_entropy(encoder: Encoder, hidden, targets, negatives) -> tf.Tensor:
    """SASRec's objective (arXiv 1808.09781, eq. 6).

    -log sigmoid(s_target) - mean over negatives of log(1 - sigmoid(s_negative)), halved as in
    the keras.io example, so that losses can be compared.
    """
    table = encoder.item_table()
    positive = tf.reduce_sum(hidden * tf.gather(table, targets), axis=-1)
    negative = tf.einsum("pd,pnd->pn", hidden, tf.gather(table, negatives))
    loss = tf.nn.softplus(-positive) + tf.reduce_mean(tf.nn.softplus(negative), axis=-1)
    return tf.reduce_mean(loss) / 2


def full_softmax(encoder: Encoder, hidden, targets, negatives) -> tf.Tensor:
    """Cross entropy over the whole catalogue: -log softmax(s)_target; row 0 takes no part."""
    logits = tf.matmul(hidden, encoder.item_table()[1:], transpose_b=True)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets - 1, logits=logits)
    return tf.reduce_mean(loss)


class InBatchSoftmax:
    """Cross entropy over the targets of the batch (Yi et al., RecSys 2019).

    The other targets of a batch are its negatives. They come up in proportion to their
    popularity, so log(q) of each candidate is taken off its logit, q being its share of the
    training part; a candidate that is the position's own target by another position ("accidental
    hit") is removed.

    Args:
        counts: (items,) interactions of each item in the training part.
    """

    def __init__(self, counts):
        share = tf.constant(counts, tf.float32) / tf.reduce_sum(tf.constant(counts, tf.float32))
        self.probability = tf.concat([[0.0], share], axis=0)
        self.correct_sampling = keras_rs.layers.SamplingProbabilityCorrection()

    def __call__(self, encoder: Encoder, hidden, targets, negatives) -> tf.Tensor:
        """See the module's docstring."""
        candidates = tf.gather(encoder.item_table(), targets)
        logits = tf.matmul(hidden, candidates, transpose_b=True)
        logits = self.correct_sampling(logits, tf.gather(self.probability, targets))
        own = tf.range(tf.shape(targets)[0])
        # RemoveAccidentalHits of keras-rs 0.4 removes nothing (keras-team/keras-rs#206).
        same_item = targets[:, tf.newaxis] == targets
        accidental = same_item & (own[:, tf.newaxis] != own)
        logits = tf.where(accidental, logits.dtype.min, logits)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=own, logits=logits)
        return tf.reduce_mean(loss)


def build_objective(name: str, counts):
    """The objective `name`; `counts` (items,) are the training counts of the catalogue."""
    if name == "in-batch-softmax":
        return InBatchSoftmax(counts)
    return {"bce": binary_cross_entropy, "full-softmax": full_softmax}[name]
