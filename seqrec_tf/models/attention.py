"""Causal attention, with dropout on its weights and the gradient written out.

The scores of a layer, (batch, heads, length, length), are by far its largest tensors, and a pass
over them costs about as much as a matrix product. So no score is computed for the older half of a
history towards its newer half, and the gradient reads the scores as rarely as it can: the row sums
of weights x their gradients are those of outputs x theirs (FlashAttention, arXiv 2205.14135).
"""

from dataclasses import dataclass

import tensorflow as tf

from seqrec_tf.models.dropout import apply_mask
from seqrec_tf.models.gradients import Differentiable, with_gradient

BLOCKS = 2  # of queries; more save more scores, but every block copies its keys and values
SEEDS_APART = 2**31 // BLOCKS  # masks of seeds n apart are the same one, moved by n words
MASKED = -1e9


def causal_attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    threshold: int,
    seed: tf.Tensor,
    distance_bias: tf.Tensor | None = None,
    training: bool = True,
    pair_bias: tf.Tensor | None = None,
) -> tf.Tensor:
    """Softmax attention in which a position sees itself and earlier positions.

    Args:
        query: (batch, heads, length, width), already scaled.
        key: the same shape.
        value: the same shape.
        threshold: of 256 attention weights, so many are dropped; 0 for none.
        seed: int32 scalar, of the dropout.
        distance_bias: (heads, at least length), added to the score of a key so many positions
            before its query; or None.
        training: whether gradients will be asked for.
        pair_bias: (batch, heads, length, length), added to the score of each query (the rows) and
            key; or None.

    Returns:
        (batch, heads, length, width).
    """
    bias = _shared_bias(tf.shape(query)[2], query.dtype, distance_bias)

    def attention(
        query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, bias: tf.Tensor, *own: tf.Tensor
    ) -> Differentiable:
        blocks = [
            _Block.compute(
                query, key, value, [bias, *own], edges, threshold, seed + number * SEEDS_APART
            )
            for number, edges in enumerate(_edges(tf.shape(query)[2], BLOCKS if training else 1))
        ]
        outputs = tf.concat([block.outputs for block in blocks], axis=2)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
            parts = [block.gradient(query, key, value, upstream) for block in blocks]
            to_query, to_key, to_value, to_scores = zip(*parts, strict=True)
            to_bias = None
            if distance_bias is not None:
                summed = [tf.reduce_sum(scores, axis=0) for scores in to_scores]
                to_bias = tf.concat([_widen(s, 2, tf.shape(bias)[2]) for s in summed], axis=1)
            whole = [_widen(scores, 3, tf.shape(bias)[2]) for scores in to_scores]
            to_own = [tf.concat(whole, axis=2) for _ in own]
            return tf.concat(to_query, axis=2), _add(to_key), _add(to_value), to_bias, *to_own

        return outputs, gradient

    own = [] if pair_bias is None else [pair_bias]
    return with_gradient(attention, training)(query, key, value, bias, *own)


def attention_at(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    positions: tf.Tensor,
    distance_bias: tf.Tensor | None = None,
    pair_bias: tf.Tensor | None = None,
) -> tf.Tensor:
    """As `causal_attention`, for one position of each history, without gradients of its own.

    Args:
        query: (batch, heads, 1, width), already scaled.
        key: (batch, heads, length, width).
        value: the same shape.
        positions: (batch,), where the queries stand.
        distance_bias: see `causal_attention`.
        pair_bias: (batch, heads, 1, length), of these positions.

    Returns:
        (batch, heads, 1, width).
    """
    positions = tf.cast(positions, tf.int32)[:, tf.newaxis]
    distance = positions - tf.range(tf.shape(key)[2])
    scores = tf.matmul(query, key, transpose_b=True)
    if distance_bias is not None:
        bias = tf.gather(distance_bias, tf.maximum(distance, 0), axis=1)
        scores += tf.transpose(bias, [1, 0, 2])[:, :, tf.newaxis]
    if pair_bias is not None:
        scores += pair_bias
    later = (distance < 0)[:, tf.newaxis, tf.newaxis]
    weights = tf.nn.softmax(tf.where(later, tf.cast(MASKED, scores.dtype), scores))
    return tf.matmul(weights, value)


def _shared_bias(length: tf.Tensor, dtype: tf.DType, distance_bias: tf.Tensor | None) -> tf.Tensor:
    """What is added to the scores: (heads or 1, length, length)."""
    distance = tf.range(length)[:, tf.newaxis] - tf.range(length)
    later = distance < 0
    masked = tf.cast(MASKED, dtype)
    if distance_bias is None:
        return tf.where(later, masked, tf.zeros_like(masked))[tf.newaxis]
    return tf.where(later, masked, tf.gather(distance_bias, tf.maximum(distance, 0), axis=1))


def _edges(length: tf.Tensor, blocks: int) -> list[tuple[tf.Tensor, tf.Tensor]]:
    edges = [0, *(length * i // blocks for i in range(1, blocks)), length]
    return list(zip(edges[:-1], edges[1:], strict=True))


@dataclass(frozen=True)
class _Block:
    """Queries [start, limit) with the keys they may see, [0, limit)."""

    start: tf.Tensor
    limit: tf.Tensor
    weights: tf.Tensor
    masked: tf.Tensor  # weights after dropout
    outputs: tf.Tensor

    @classmethod
    def compute(
        cls,
        query: tf.Tensor,
        key: tf.Tensor,
        value: tf.Tensor,
        biases: list[tf.Tensor],
        edges: tuple[tf.Tensor, tf.Tensor],
        threshold: int,
        seed: tf.Tensor,
    ) -> "_Block":
        start, limit = edges
        scores = tf.matmul(query[:, :, start:limit], key[:, :, :limit], transpose_b=True)
        for bias in biases:
            scores += bias[..., start:limit, :limit]
        weights = tf.nn.softmax(scores)
        masked = apply_mask(weights, seed, threshold) if threshold else weights
        return cls(start, limit, weights, masked, tf.matmul(masked, value[:, :, :limit]))

    def gradient(
        self, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, upstream: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """For queries, keys, values and scores."""
        query, upstream = (t[:, :, self.start : self.limit] for t in (query, upstream))
        key, value = key[:, :, : self.limit], value[:, :, : self.limit]
        row_sums = tf.reduce_sum(upstream * self.outputs, axis=-1, keepdims=True)
        to_weights = tf.matmul(upstream, value, transpose_b=True)
        to_scores = to_weights * self.masked - self.weights * row_sums
        return (
            tf.matmul(to_scores, key),
            tf.matmul(to_scores, query, transpose_a=True),
            tf.matmul(self.masked, upstream, transpose_a=True),
            to_scores,
        )


def _add(parts: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Sum of (batch, heads, length, width) that start alike; the last one is the longest."""
    return tf.add_n([_widen(part, 2, tf.shape(parts[-1])[2]) for part in parts])


def _widen(tensor: tf.Tensor, axis: int, size: tf.Tensor) -> tf.Tensor:
    """Zeros appended along an axis, up to a size."""
    missing = size - tf.shape(tensor)[axis]
    return tf.pad(tensor, [[0, missing if a == axis else 0] for a in range(tensor.shape.rank)])
