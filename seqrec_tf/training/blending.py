"""A trained network and the item-item models beside it, as one encoder.

Item-kNN and EASE are added together, not the better of the two: which one validation takes for the
better is chance on a thousand users (tests/benchmarks/README.md, "Own data").
"""

import functools
from dataclasses import dataclass
from typing import Any

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel
from seqrec_tf.models import Blend, Encoder
from seqrec_tf.training.item_item import item_item_encoder, root_mean_square

RANK = 128  # of each companion; 256 are no better in validation
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
    alone = best = encoder_ndcg(network, queries)
    chosen, said = network, None
    if not simple:
        return chosen, said
    companion = companion_encoder(simple, network, queries)
    companions = {model.name: model.settings for model in simple}
    for weight in WEIGHTS:
        candidate = Blend(network, companion, weight / len(simple))
        found = encoder_ndcg(candidate, queries)
        if found > best:
            chosen, best = candidate, found
            said = Blending(companions, RANK, weight, alone, found)
    return chosen, said


def companion_encoder(models: list[SimpleModel], network: Encoder, queries: Queries) -> Encoder:
    """The sum of the models, each in `RANK` dimensions and its best scores here 1 in the mean.

    Their item vectors are as long as the network's, so that 8 bits a value, with one scale for an
    item's whole vector, serve all.
    """
    length = root_mean_square(network.item_table())
    return functools.reduce(
        lambda one, other: Blend(one, other, weight=1.0),
        (
            item_item_encoder(model, network.items, network.window, RANK, queries, length)
            for model in models
        ),
    )
