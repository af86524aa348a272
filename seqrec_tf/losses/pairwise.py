"""BPR-max: the target against the negatives that score highest."""

import tensorflow as tf

from seqrec_tf.losses.chunks import mean_over_chunks
from seqrec_tf.losses.softmax import index_of, lowest, unique_with_counts
from seqrec_tf.models import Encoder
from seqrec_tf.models.layers import lookup


class BPRMax:
    """GRU4Rec's objective of 2018 (Hidasi and Karatzoglou, arXiv 1706.03847).

    -log( sum over negatives j of w_j sigmoid(s_target - s_j) ) + regularisation sum_j w_j s_j^2
    with w = softmax of the negatives' scores. The negatives are the batch's; a position's own
    target among them is left out.

    Args:
        regularisation: weight of the score penalty.
    """

    def __init__(self, regularisation: float):
        self.regularisation = regularisation

    def __call__(
        self, encoder: Encoder, hidden: tf.Tensor, targets: tf.Tensor, negatives: tf.Tensor
    ) -> tf.Tensor:
        """See the package's docstring; `negatives` is (count,)."""
        candidates, times = unique_with_counts(negatives)
        bias = tf.cast(tf.math.log(times), hidden.dtype)
        table = tf.cast(encoder.item_table(), hidden.dtype)

        def loss(
            hidden: tf.Tensor, target_vectors: tf.Tensor, own: tf.Tensor, candidates: tf.Tensor
        ) -> tf.Tensor:
            positive = tf.reduce_sum(hidden * target_vectors, axis=-1, keepdims=True)
            scores = tf.matmul(hidden, candidates, transpose_b=True)
            excluded = lowest(scores.dtype) * tf.one_hot(own, tf.size(bias), dtype=scores.dtype)
            log_weights = tf.nn.log_softmax(scores + bias + excluded)
            log_ahead = log_weights + tf.math.log_sigmoid(positive - scores)
            penalty = tf.reduce_sum(tf.exp(log_weights) * tf.square(scores), axis=-1)
            return self.regularisation * penalty - tf.reduce_logsumexp(log_ahead, axis=-1)

        positions = [hidden, lookup(table, targets), index_of(targets, candidates)]
        shared = [lookup(table, candidates)]
        return mean_over_chunks(loss, positions, shared, tf.size(candidates))
