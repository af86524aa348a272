"""A trained network and the item-item models beside it, as one encoder.

Item-kNN and EASE are added together, not the better of the two: which one validation takes for the
better is chance on a thousand users (tests/benchmarks/README.md, "Own data").
"""

import functools
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import Scorer, encoder_scorer, scorer_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel
from seqrec_tf.models import Blend, Encoder
from seqrec_tf.training.item_item import Narrow, item_item_encoder, narrowed, root_mean_square

# Dimensions of a companion: more than the fewest only help where the catalogue has many items for
# each, and are not worth tables of any size (tests/benchmarks/README.md, "Own data").
RANKS = (128, 256, 512)
ITEMS_A_DIMENSION = 32
TABLE_NUMBERS = 1 << 23
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # of companions whose best scores are about 1


@dataclass(frozen=True)
class Blending:
    """What the validation queries chose, and what it changed.

    Attributes:
        companions: of each item-item model its own settings, by name.
        rank: dimensions of each, at most.
        weight: of the mean of their scores.
        alone: validation NDCG@10 of the network.
        blended: that of all together.
    """

    companions: dict[str, dict[str, Any]]
    rank: int
    weight: float
    alone: float
    blended: float


def blend(
    network: Encoder, dataset: Dataset, simple: list[SimpleModel]
) -> tuple[Encoder, Blending | None]:
    """`network` with the companions, at the weight that is best in validation NDCG@10.

    Args:
        network: trained, in float32.
        dataset: its data, of which at most `TUNING_USERS` validation queries choose.
        simple: the companions.

    Returns:
        The blend and what is to be said of it; the network itself and None where they do not help.
    """
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    own, items = encoder_scorer(network), network.items
    alone = best = scorer_ndcg(own, queries, items)
    if not simple:
        return network, None
    rank = companion_rank(items)
    narrow = [narrowed(model, rank, queries) for model in simple]
    companion = companion_encoder(narrow, network, queries)
    other = encoder_scorer(companion)
    chosen = None
    for weight in WEIGHTS:
        found = scorer_ndcg(_sum(own, other, weight / len(simple)), queries, items)
        if found > best:
            chosen, best = weight, found
    if chosen is None:
        return network, None
    companions = {each.model.name: each.model.settings for each in narrow}
    said = Blending(companions, rank, chosen, alone, best)
    return Blend(network, companion, chosen / len(simple)), said


def companion_rank(items: int) -> int:
    """Dimensions of each companion, for a catalogue of so many items.

    The most that half of them would have more than `ITEMS_A_DIMENSION` items each for, in a table
    of at most `TABLE_NUMBERS`; in any case the fewest.
    """
    fewest, *more = RANKS
    fitting = [
        rank for rank in more if rank // 2 * ITEMS_A_DIMENSION < items <= TABLE_NUMBERS // rank
    ]
    return max(fitting, default=fewest)


def _sum(one: Scorer, other: Scorer, weight: float) -> Scorer:
    """Scores of both; a `Blend` has the same, but would be a graph of its own for each weight."""

    def score(histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None) -> tf.Tensor:
        return one(histories, times) + weight * other(histories)

    return score


def companion_encoder(models: list[Narrow], network: Encoder, queries: Queries) -> Encoder:
    """The sum of the models, the best scores of each 1 in the mean of these queries.

    Their item vectors are as long as the network's, so that 8 bits a value, with one scale for an
    item's whole vector, serve all.
    """
    length = root_mean_square(network.item_table())
    return functools.reduce(
        lambda one, other: Blend(one, other, weight=1.0),
        (item_item_encoder(each, network.window, queries, length) for each in models),
    )
