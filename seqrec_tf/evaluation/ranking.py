"""Full-catalogue ranking: where each query's target stands among all that may be recommended.

That is what serving recommends: items the user has not seen, so a target that was seen before is
a miss; or all items, where the queries say so (`Queries.repeats`).

Ties count against the model: the rank is the number of items that score *at least* as high as
the target, the target excluded. A NaN score counts as high. Padding never ranks.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.metrics import CUTOFFS
from seqrec_tf.models import Encoder

SAMPLED_CANDIDATES = 100
BLOCK = 1 << 22  # scores ranked at a time, 16 MiB: a large catalogue's fill the memory but once


class Scorer(Protocol):
    """Rates all items after each of some histories."""

    def __call__(
        self, histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None
    ) -> tf.Tensor:
        """Scores (batch, items + 1) float32; column 0 is padding.

        Args:
            histories: ragged (batch, None) int32 item rows.
            times: as `Queries.times`.
        """


@dataclass(frozen=True)
class Ranking:
    """One ranking pass.

    Attributes:
        ranks: (queries,) int32, 0 is the top; in the order of the queries.
        recommended: (queries, 20) int32 item rows, best first, hidden items left out; 0 where
            fewer than 20 are left.
    """

    ranks: np.ndarray
    recommended: np.ndarray

    def metrics(self, items: int) -> dict[str, float]:
        """HR, NDCG and MRR (one target a query), and coverage, at each cut-off.

        `hit_rate@k` is the share of ranks below k, `ndcg@k` the mean of 1 / log2(rank + 2) and
        `mrr@k` of 1 / (rank + 1) over those; `coverage@k` is the share of the catalogue that
        comes up in anybody's top k.
        """
        values = {}
        for k in CUTOFFS:
            hits = self.ranks < k
            values[f"hit_rate@{k}"] = hits.mean()
            values[f"ndcg@{k}"] = (hits / np.log2(self.ranks + 2)).mean()
            values[f"mrr@{k}"] = (hits / (self.ranks + 1)).mean()
            top = self.recommended[:, :k]
            values[f"coverage@{k}"] = len(np.unique(top[top > 0])) / items
        return {name: round(float(value), 6) for name, value in values.items()}


def encoder_scorer(encoder: Encoder) -> Scorer:
    """Scores of every item by dot product; column 0 is padding."""
    kinds = (tf.int32, tf.int64) if encoder.time_bias else (tf.int32,)
    signature = [tf.RaggedTensorSpec([None, None], kind) for kind in kinds]

    @tf.function(input_signature=signature, autograph=False)
    def scores(*asked: tf.RaggedTensor) -> tf.Tensor:
        return tf.matmul(encoder.encode(*asked), encoder.item_table(), transpose_b=True)

    def score(histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None) -> tf.Tensor:
        if not encoder.time_bias:
            return scores(histories)
        return scores(histories, _unknown_times(histories) if times is None else times)

    return score


def _unknown_times(histories: tf.RaggedTensor) -> tf.RaggedTensor:
    """As `Queries.times`, of which nothing is known."""
    lengths = histories.row_lengths() + 1
    return tf.RaggedTensor.from_row_lengths(tf.zeros([tf.reduce_sum(lengths)], tf.int64), lengths)


def scorer_ndcg(scorer: Scorer, queries: Queries, items: int) -> float:
    """NDCG@10 of these queries, over a catalogue of so many items."""
    return rank(scorer, queries, items).metrics(items)["ndcg@10"]


def encoder_ndcg(encoder: Encoder, queries: Queries) -> float:
    """NDCG@10 of these queries."""
    return scorer_ndcg(encoder_scorer(encoder), queries, encoder.items)


def rank(
    scorer: Scorer, queries: Queries, items: int, sampled: bool = False, batch_size: int = 256
) -> Ranking:
    """Rank every query's target.

    Memory: the scores of a batch, with `sampled` twice, and what a block of them takes.

    Args:
        scorer: scores of a batch of histories.
        queries: histories and targets; a target that is outside the catalogue (0) or hidden
            ranks last.
        items: size of the catalogue.
        sampled: rank against 100 items that may be recommended, drawn uniformly (P4), not all.
        batch_size: histories a step; like lengths share a step.
    """
    order = tf.argsort(queries.histories.row_lengths(), stable=True).numpy()
    ranks = np.zeros(len(queries), np.int32)
    recommended = np.zeros((len(queries), min(max(CUTOFFS), items)), np.int32)
    for start in range(0, len(queries), batch_size):
        batch = order[start : start + batch_size]
        hidden, targets = tf.gather(queries.hidden, batch), tf.gather(queries.targets, batch)
        told = [part for part in (queries.histories, queries.times) if part is not None]
        scores = scorer(*(tf.gather(part, batch) for part in told))
        keys = _keys(tf.shape(scores), tf.constant(start)) if sampled else None
        ranks[batch], recommended[batch] = _rank_in_blocks(scores, hidden, targets, keys)
        del scores, keys  # not beside those of the next batch
    # In a catalogue below 20 items the last place would count as a hit.
    ranks[_missed(queries)] = max(items, *CUTOFFS)
    return Ranking(ranks, recommended)


def _rank_in_blocks(
    scores: tf.Tensor, hidden: tf.RaggedTensor, targets: tf.Tensor, keys: tf.Tensor | None
) -> list[np.ndarray]:
    """As `_rank_block`, some rows at a time: what is computed of scores is no second copy."""
    rows = max(1, BLOCK // scores.shape[1])
    parts = [slice(first, first + rows) for first in range(0, scores.shape[0], rows)]
    blocks = [
        _rank_block(scores[p], hidden[p], targets[p], None if keys is None else keys[p])
        for p in parts
    ]
    return [np.concatenate(results) for results in zip(*blocks, strict=True)]


def _missed(queries: Queries) -> np.ndarray:
    """Queries, (queries,) bool, whose target cannot be recommended."""
    hidden = False if queries.repeats else queries.seen()
    return (queries.targets.numpy() == 0) | hidden


@tf.function(reduce_retracing=True, autograph=False)
def _rank_block(
    scores: tf.Tensor, hidden: tf.RaggedTensor, targets: tf.Tensor, keys: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Ranks (batch,) and the top rows (batch, 20)."""
    lowest, items = scores.dtype.min, tf.shape(scores)[1] - 1
    users = tf.range(tf.shape(targets)[0])
    target_scores = tf.gather(scores, targets, batch_dims=1)[:, tf.newaxis]
    seen = tf.stack([tf.cast(hidden.value_rowids(), tf.int32), hidden.flat_values], axis=1)
    never = tf.stack([users, tf.zeros_like(users)], axis=1)
    own = tf.stack([users, targets], axis=1)
    allowed = _fill(scores, tf.concat([seen, never], axis=0), lowest)
    top = tf.math.top_k(allowed, tf.minimum(max(CUTOFFS), items))
    recommended = tf.where(top.values == lowest, 0, top.indices)
    others = _fill(allowed, own, lowest)
    if keys is not None:
        others = _sample(others, keys)
    # Not `~(others < target_scores)`: the graph optimizer makes that `>=`, which NaN fails.
    ahead = (others >= target_scores) | tf.math.is_nan(others) | tf.math.is_nan(target_scores)
    return tf.math.count_nonzero(ahead, axis=1, dtype=tf.int32), recommended


def _fill(scores: tf.Tensor, indices: tf.Tensor, value: tf.Tensor | float) -> tf.Tensor:
    return tf.tensor_scatter_nd_update(scores, indices, tf.fill([tf.shape(indices)[0]], value))


@tf.function(
    input_signature=[tf.TensorSpec([2], tf.int32), tf.TensorSpec([], tf.int32)], autograph=False
)
def _keys(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """What decides which items are drawn: those with the highest of these random numbers.

    As a graph it is one array, which is scaled in place; step by step it would be three.
    """
    return tf.random.stateless_uniform(shape, tf.stack([SAMPLED_CANDIDATES, seed]))


def _sample(others: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
    """100 columns of each row, drawn uniformly from those that are not excluded."""
    keys = tf.where(others == others.dtype.min, -1.0, keys)
    drawn = tf.math.top_k(keys, tf.minimum(SAMPLED_CANDIDATES, tf.shape(others)[1])).indices
    return tf.gather(others, drawn, batch_dims=1)
