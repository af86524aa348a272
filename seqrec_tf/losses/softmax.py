"""Softmax cross entropy over three kinds of candidates, on one kernel.

For hidden vector h with target t and candidates c with correction b_c,

    loss = -log( e^p / (e^p + sum over candidates c other than t of e^(h.c + b_c)) )

where p = h.t + the target's own correction.
"""

import keras_rs
import numpy as np
import tensorflow as tf

from seqrec_tf.losses.chunks import mean_over_chunks
from seqrec_tf.models import Encoder
from seqrec_tf.models.gradients import Differentiable
from seqrec_tf.models.layers import lookup

TINY = 1e-37  # keeps log finite where a probability underflows; its gradient does not use it
# keras-rs' default takes whatever is rarer than one in a million for as rare as that. Its
# RemoveAccidentalHits is not used: in 0.4.0 it adds 1e-40, which removes nothing, and it takes
# a label for each logit where an index a position will do.
CORRECTION = keras_rs.layers.SamplingProbabilityCorrection(epsilon=TINY, dtype="float32")


class FullSoftmax:
    """Cross entropy over the whole catalogue: -log softmax(s)_target; row 0 takes no part.

    The candidates are all items; no correction. As in GRU4Rec (arXiv 1511.06939). With label
    smoothing e the target's probability is 1 - e and all items share e (Szegedy et al., CVPR
    2016), which adds e times the target's score over the mean of all.

    Args:
        smoothing: e.
    """

    def __init__(self, smoothing: float = 0.0):
        self.smoothing = smoothing

    def __call__(
        self,
        encoder: Encoder,
        hidden: tf.Tensor,
        targets: tf.Tensor,
        negatives: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """See the package's docstring."""
        table = tf.cast(encoder.item_table(), hidden.dtype)
        own = lookup(table, targets)
        loss = candidate_softmax(hidden, own, 0.0, table[1:], None, targets - 1)
        if not self.smoothing:
            return loss
        ahead = tf.reduce_sum(hidden * (own - tf.reduce_mean(table[1:], axis=0)), axis=-1)
        mean = tf.math.divide_no_nan(
            tf.reduce_sum(tf.cast(ahead, tf.float32)), tf.cast(tf.size(targets), tf.float32)
        )
        return loss + self.smoothing * mean


class SampledSoftmax:
    """Cross entropy over candidates drawn for the whole batch, so that logits are one product.

    The candidates are the drawn negatives and, with `in_batch`, the targets of the batch; each
    once, with b_c = log(times drawn) - log(times expected), which makes the sum an unbiased
    estimate of the whole catalogue's (Bengio and Senecal 2008; the target itself is not
    corrected, see Khrylchenko et al., arXiv 2507.09331). A candidate that is the position's own
    target takes no part.

    Args:
        counts: (items,) interactions of each item in the training part.
        popular: how many of the negatives are drawn by popularity.
        in_batch: whether the batch's targets are candidates.
    """

    def __init__(self, counts: np.ndarray, popular: int, in_batch: bool):
        self.share = popularity(counts)
        self.popular = popular
        self.in_batch = in_batch

    def __call__(
        self, encoder: Encoder, hidden: tf.Tensor, targets: tf.Tensor, negatives: tf.Tensor
    ) -> tf.Tensor:
        """See the package's docstring; `negatives` is (count,)."""
        by_popularity = float(self.popular)
        uniform = tf.cast(tf.size(negatives), tf.float32) - by_popularity
        if self.in_batch:
            by_popularity += tf.cast(tf.size(targets), tf.float32)
            negatives = tf.concat([negatives, targets], axis=0)
        candidates, times = unique_with_counts(negatives)
        drawn = uniform + by_popularity
        expected = uniform / encoder.items + by_popularity * tf.gather(self.share, candidates)
        bias = CORRECTION(tf.math.log(times / drawn), expected / drawn)
        table = tf.cast(encoder.item_table(), hidden.dtype)
        return candidate_softmax(
            *(hidden, lookup(table, targets), 0.0),
            *(lookup(table, candidates), bias, index_of(targets, candidates)),
        )


class InBatchSoftmax:
    """Cross entropy over the targets of the batch (Yi et al., RecSys 2019).

    The other targets of a batch are its negatives. They come up in proportion to their
    popularity, so log(q) of each candidate is taken off its logit, the target's own included, q
    being its share of the training part. Candidates that come up several times are computed once,
    with log(times) added; the position's own target by another position ("accidental hit") takes
    no part.

    Args:
        counts: (items,) interactions of each item in the training part.
    """

    def __init__(self, counts: np.ndarray):
        self.share = popularity(counts)

    def __call__(
        self,
        encoder: Encoder,
        hidden: tf.Tensor,
        targets: tf.Tensor,
        negatives: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """See the package's docstring."""
        candidates, times = unique_with_counts(targets)
        bias = CORRECTION(tf.math.log(times), tf.gather(self.share, candidates))
        share = tf.gather(self.share, targets)
        own = CORRECTION(tf.zeros_like(share), share)
        table = tf.cast(encoder.item_table(), hidden.dtype)
        return candidate_softmax(
            *(hidden, lookup(table, targets), own),
            *(lookup(table, candidates), bias, index_of(targets, candidates)),
        )


def popularity(counts: np.ndarray) -> tf.Tensor:
    """Share of each row in the interactions: (items + 1,), 0 for row 0."""
    counts = tf.constant(counts, tf.float32)
    return tf.concat([[0.0], counts / tf.reduce_sum(counts)], axis=0)


def unique_with_counts(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The rows that occur, ascending, and how often, as float32."""
    unique, _, times = tf.unique_with_counts(tf.sort(rows))
    return unique, tf.cast(times, tf.float32)


def index_of(rows: tf.Tensor, ascending: tf.Tensor) -> tf.Tensor:
    """Where each of `rows` stands in `ascending`; -1 for those that do not occur."""
    place = tf.minimum(tf.searchsorted(ascending, rows), tf.size(ascending) - 1)
    return tf.where(tf.gather(ascending, place) == rows, place, -1)


def candidate_softmax(
    hidden: tf.Tensor,
    target_vectors: tf.Tensor,
    correction: tf.Tensor | float,
    candidates: tf.Tensor,
    bias: tf.Tensor | None,
    own: tf.Tensor,
) -> tf.Tensor:
    """The module's formula, averaged over positions.

    Args:
        hidden: (positions, dim).
        target_vectors: (positions, dim), of the target of each position.
        correction: scalar or (positions,), added to the target's own logit.
        candidates: (candidates, dim).
        bias: (candidates,), added to the logits, or None.
        own: (positions,) int32, the position's target among the candidates, or -1.
    """
    positive = tf.reduce_sum(hidden * target_vectors, axis=-1)
    positive += tf.cast(correction, positive.dtype)
    shared = [candidates]
    if bias is not None:
        shared.append(tf.stop_gradient(tf.cast(bias, hidden.dtype)))
    width = tf.shape(candidates)[0]
    return mean_over_chunks(_cross_entropy, [hidden, positive, own], shared, width)


def _cross_entropy(
    hidden: tf.Tensor,
    positive: tf.Tensor,
    own: tf.Tensor,
    candidates: tf.Tensor,
    bias: tf.Tensor | None = None,
) -> tf.Tensor:
    """The module's formula: (positions,).

    The softmax is computed over two columns more: 0 holds the target, 1 never counts and takes
    the exclusion of positions whose target is no candidate. Their vectors are zero, so the
    products of the gradient need no exception for them.
    """
    columns = tf.pad(candidates, [[2, 0], [0, 0]])
    never = tf.fill(tf.shape(positive), lowest(hidden.dtype))
    rows = tf.range(tf.shape(hidden)[0])
    places = tf.concat([tf.stack([rows, c + rows * 0], axis=1) for c in (0, 1, own + 2)], axis=0)

    @tf.custom_gradient
    def loss(hidden: tf.Tensor, positive: tf.Tensor, columns: tf.Tensor) -> Differentiable:
        logits = tf.matmul(hidden, columns, transpose_b=True)
        if bias is not None:
            logits = tf.nn.bias_add(logits, tf.pad(bias, [[2, 0]]))
        values = tf.concat([positive, never, never], axis=0)
        softmax = tf.nn.softmax(tf.tensor_scatter_nd_update(logits, places, values))
        probability = tf.cast(softmax[:, 0], tf.float32)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            weight = tf.cast(upstream[:, tf.newaxis], hidden.dtype)
            return (
                weight * tf.matmul(softmax, columns),
                tf.cast(upstream * (probability - 1), hidden.dtype),
                tf.transpose(tf.matmul(weight * hidden, softmax, transpose_a=True)),
            )

        return -tf.math.log(probability + TINY), gradient

    return loss(hidden, positive, columns)


def lowest(dtype: tf.DType) -> tf.Tensor:
    """A score that no softmax gives weight, and that can still be added to another."""
    return tf.constant(max(-1e9, float(dtype.min) / 2), dtype)
