"""A trained network and the item-item model that helps it most, as one encoder."""

from dataclasses import dataclass
from typing import Any

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel
from seqrec_tf.models import Blend, Encoder, ItemItem
from seqrec_tf.training.item_item import item_item_encoder, root_mean_square

RANK = 256  # of the companion; on Last.FM 512 blends no better, and 128 a little worse
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # of a companion whose best scores are about 1


@dataclass(frozen=True)
class Blending:
    """What the validation queries chose, and what it changed.

    Attributes:
        companion: the item-item model's name.
        settings: its own, and the rank and weight of the blend.
        alone: validation NDCG@10 of the network.
        blended: that of both together.
    """

    companion: str
    settings: dict[str, Any]
    alone: float
    blended: float


def blend(
    network: Encoder, dataset: Dataset, simple: list[SimpleModel]
) -> tuple[Encoder, Blending | None]:
    """`network` with the companion and weight that are best in validation NDCG@10.

    Args:
        network: trained, in float32.
        dataset: its data, of which at most `TUNING_USERS` validation queries choose.
        simple: the companions there are.

    Returns:
        The blend and what is to be said of it; the network itself and None where no companion
        helps.
    """
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    alone = best = encoder_ndcg(network, queries)
    chosen: Encoder = network
    said = None
    for model in simple:
        companion = companion_encoder(model, network, queries)
        for weight in WEIGHTS:
            candidate = Blend(network, companion, weight)
            found = encoder_ndcg(candidate, queries)
            if found > best:
                settings = model.settings | {"rank": companion.dim, "weight": weight}
                chosen, best = candidate, found
                said = Blending(model.name, settings, alone, found)
    return chosen, said


def companion_encoder(model: SimpleModel, network: Encoder, queries: Queries) -> ItemItem:
    """The model in `RANK` dimensions, its best scores on these queries being 1 in the mean.

    Its item vectors are as long as the network's, so that 8 bits a value, with one scale for an
    item's whole vector, serve both.
    """
    length = root_mean_square(network.item_table())
    return item_item_encoder(model, network.items, network.window, RANK, queries, length)
