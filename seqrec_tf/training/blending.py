"""A trained network and the item-item model that helps it most, as one encoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel
from seqrec_tf.models import Blend, Encoder, ItemItem
from seqrec_tf.similarity import decayed

RANK = 256  # of the companion; on Last.FM 512 blends no better, and 128 a little worse
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # of a companion whose best scores are about 1


@dataclass(frozen=True)
class Blending:
    """What the validation queries chose, and what it changed.

    Attributes:
        companion: the item-item model's name, and its settings with rank and weight.
        settings: as above.
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
    alone = best = _ndcg(network, queries)
    chosen: Encoder = network
    said = None
    for model in simple:
        companion = item_item_encoder(model, network, dataset, queries)
        for weight in WEIGHTS:
            candidate = Blend(network, companion, weight)
            found = _ndcg(candidate, queries)
            if found > best:
                settings = model.settings | {"rank": companion.dim, "weight": weight}
                chosen, best = candidate, found
                said = Blending(model.name, settings, alone, found)
    return chosen, said


def item_item_encoder(
    model: SimpleModel, network: Encoder, dataset: Dataset, queries: Queries
) -> ItemItem:
    """The model in `RANK` dimensions, its best scores on these queries being 1 in the mean.

    Its item vectors are as long as the network's, so that 8 bits a value, with one scale for an
    item's whole vector, serve both.
    """
    items = dataset.catalogue.size
    factors = model.similarities.low_rank(RANK)
    encoder = ItemItem(items, network.window, factors.history.shape[1], model.settings["decay"])
    values, splits = queries.histories.flat_values.numpy(), queries.histories.row_splits.numpy()
    scores = factors.scores(decayed(values, splits, items, encoder.decay))
    scale = float(np.mean(scores.max(axis=1))) or 1.0
    length = _root_mean_square(network.item_table()) / (_root_mean_square(factors.candidates) or 1)
    encoder.assign(factors.history / (scale * length), factors.candidates * length)
    return encoder


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _ndcg(encoder: Encoder, queries: Queries) -> float:
    ranking = rank(encoder_scorer(encoder), queries, encoder.items)
    return ranking.metrics(encoder.items)["ndcg@10"]
