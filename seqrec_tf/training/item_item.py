"""From an item-item model to the encoder that gives its scores, in so many dimensions."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import scorer_ndcg
from seqrec_tf.evaluation.simple_models import SimpleModel, item_item_scorer
from seqrec_tf.models import ItemItem
from seqrec_tf.similarity import Factors, decayed

# Powers of an item's count by which its errors are weighed: what few dimensions cannot keep of
# all items alike, they may keep of those that are asked for (tests/benchmarks/README.md, "What few
# dimensions keep").
EMPHASES = (0.0, 0.25, 0.5)
EMPHASIS = "emphasis"


@dataclass(frozen=True)
class Narrow:
    """An item-item model in few dimensions.

    Attributes:
        model: the whole one, with `EMPHASIS` among its settings.
        factors: what is left of it.
        ndcg: NDCG@10 of that on the queries that chose.
    """

    model: SimpleModel
    factors: Factors
    ndcg: float


def narrowed(model: SimpleModel, rank: int, queries: Queries) -> Narrow:
    """`model` in at most `rank` dimensions, by the emphasis that is best on these queries.

    Args:
        model: fitted; one that has an emphasis keeps it.
        rank: dimensions; what is lost is what a matrix of that rank cannot hold.
        queries: of validation.
    """
    given = model.settings.get(EMPHASIS)
    powers = EMPHASES if given is None else (given,)
    return max((_cut(model, rank, power, queries) for power in powers), key=lambda cut: cut.ndcg)


def _cut(model: SimpleModel, rank: int, power: float, queries: Queries) -> Narrow:
    weights = np.maximum(model.counts, 1).astype(np.float32) ** np.float32(power)
    factors = model.similarities.low_rank(rank, weights)
    items = len(model.counts) - 1
    scorer = item_item_scorer(factors, model.settings["decay"], items)
    chosen = dataclasses.replace(model, settings=model.settings | {EMPHASIS: power})
    return Narrow(chosen, factors, scorer_ndcg(scorer, queries, items))


def item_item_encoder(
    narrow: Narrow, window: int, queries: Queries, length: float | None = None
) -> ItemItem:
    """A model as an encoder, its best scores on these queries 1 in the mean.

    Args:
        narrow: the model.
        window: most recent items of a history that are read.
        queries: whose histories give the scale.
        length: root mean square of the values of item vectors; None for vectors of length 1.
    """
    factors, decay = narrow.factors, narrow.model.settings["decay"]
    items, rank = factors.history.shape[0] - 1, factors.history.shape[1]
    encoder = ItemItem(items, window, rank, decay)
    values, splits = queries.histories.flat_values.numpy(), queries.histories.row_splits.numpy()
    scores = factors.scores(decayed(values, splits, items, encoder.decay))
    scale = float(np.mean(scores.max(axis=1))) or 1.0
    wanted = encoder.dim**-0.5 if length is None else length
    stretch = wanted / (root_mean_square(factors.candidates) or 1)
    encoder.assign(factors.history / (scale * stretch), factors.candidates * stretch)
    return encoder


def root_mean_square(values: np.ndarray) -> float:
    """Of all values of an array."""
    return float(np.sqrt(np.mean(np.square(values))))
