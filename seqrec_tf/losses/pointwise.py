"""Binary cross entropy: every target and every negative is a yes-or-no question of its own."""

import tensorflow as tf

from seqrec_tf.losses.chunks import mean_over_chunks
from seqrec_tf.losses.softmax import index_of, unique_with_counts
from seqrec_tf.models import Encoder
from seqrec_tf.models.layers import lookup


def binary_cross_entropy(
    encoder: Encoder, hidden: tf.Tensor, targets: tf.Tensor, negatives: tf.Tensor
) -> tf.Tensor:
    """SASRec's objective (arXiv 1808.09781, eq. 6); `negatives` is (positions, count).

    -log sigmoid(s_target) - mean over negatives of log(1 - sigmoid(s_negative)), halved as in
    the keras.io example, so that losses can be compared.
    """
    table = tf.cast(encoder.item_table(), hidden.dtype)

    def loss(
        hidden: tf.Tensor, target_vectors: tf.Tensor, negatives: tf.Tensor, table: tf.Tensor
    ) -> tf.Tensor:
        positive = tf.reduce_sum(hidden * target_vectors, axis=-1)
        negative = tf.einsum("pd,pnd->pn", hidden, lookup(table, negatives))
        return tf.nn.softplus(-positive) + tf.reduce_mean(tf.nn.softplus(negative), axis=-1)

    width = tf.shape(negatives)[1] * encoder.dim  # the gathered vectors outweigh the logits
    positions = [hidden, lookup(table, targets), negatives]
    return mean_over_chunks(loss, positions, [table], width) / 2


class GeneralisedBinaryCrossEntropy:
    """gSASRec's objective (Petrov and Macdonald, arXiv 2308.07192).

    -(beta log sigmoid(s_target) + sum over k negatives of log(1 - sigmoid(s_negative))) / (k + 1)
    with beta = alpha (t (1 - 1 / alpha) + 1 / alpha) and the sampling rate
    alpha = k / (items - 1). With t = 1 the scores are those of a softmax, unskewed by the
    sampling; with t = 0 it is `bce`. The negatives are the batch's, so that logits are one
    product; a position's own target among them is left out.

    Args:
        calibration: t, from 0 to 1.
    """

    def __init__(self, calibration: float):
        self.calibration = calibration

    def __call__(
        self, encoder: Encoder, hidden: tf.Tensor, targets: tf.Tensor, negatives: tf.Tensor
    ) -> tf.Tensor:
        """See the package's docstring; `negatives` is (count,)."""
        drawn = tf.cast(tf.size(negatives), tf.float32)
        beta = self.beta(drawn, encoder.items)
        candidates, times = unique_with_counts(negatives)
        times = tf.cast(times, hidden.dtype)
        table = tf.cast(encoder.item_table(), hidden.dtype)

        def loss(
            hidden: tf.Tensor, target_vectors: tf.Tensor, own: tf.Tensor, candidates: tf.Tensor
        ) -> tf.Tensor:
            positive = tf.reduce_sum(hidden * target_vectors, axis=-1)
            negative = tf.nn.softplus(tf.matmul(hidden, candidates, transpose_b=True))
            others = 1 - tf.one_hot(own, tf.size(times), dtype=times.dtype)
            return tf.cast(beta, times.dtype) * tf.nn.softplus(-positive) + tf.linalg.matvec(
                negative * others, times
            )

        positions = [hidden, lookup(table, targets), index_of(targets, candidates)]
        shared = [lookup(table, candidates)]
        return mean_over_chunks(loss, positions, shared, tf.size(candidates)) / (drawn + 1)

    def beta(self, negatives: tf.Tensor, items: int) -> tf.Tensor:
        """The power of the target's probability."""
        alpha = negatives / (items - 1)
        return alpha * (self.calibration * (1 - 1 / alpha) + 1 / alpha)
