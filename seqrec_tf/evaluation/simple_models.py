"""Item-item models as baselines, their settings chosen on the validation queries.

They take seconds, and on small or sparse data are often ahead of a network: who does not beat them
has learnt nothing. Each is fitted on the training part alone; the test queries choose nothing.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from scipy import sparse

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import Scorer, rank
from seqrec_tf.similarity import (
    SIMILARITIES,
    Similarities,
    decayed,
    ease,
    item_knn,
    user_item_matrix,
)

DECAYS = (0.6, 0.8, 0.9)
RIDGES = (100.0, 500.0)
TUNING_USERS = 2_000  # validation queries that choose

Grid = list[tuple[dict[str, Any], Callable[[sparse.csr_array], Similarities]]]
GRIDS: dict[str, Grid] = {
    "item-knn": [
        ({"similarity": name}, functools.partial(item_knn, similarity=name))
        for name in SIMILARITIES
    ],
    "ease": [({"ridge": ridge}, functools.partial(ease, ridge=ridge)) for ridge in RIDGES],
}


@dataclass(frozen=True)
class SimpleModel:
    """An item-item model that was fitted and chosen.

    Attributes:
        name: of the baseline, a key of `GRIDS`.
        settings: what was chosen, `decay` among it.
        ndcg: its NDCG@10 on the validation queries that chose.
        similarities: what was fitted.
    """

    name: str
    settings: dict[str, Any]
    ndcg: float
    similarities: Similarities

    def scorer(self, items: int) -> Scorer:
        """Scores of all `items`."""
        return item_item_scorer(self.similarities, self.settings["decay"], items)


def simple_models(dataset: Dataset) -> list[SimpleModel]:
    """The best of each grid, in NDCG@10 of at most `TUNING_USERS` validation queries."""
    training, items = dataset.split.training, dataset.catalogue.size
    matrix = user_item_matrix(
        training.flat_values.numpy(), training.row_splits.numpy(), dataset.catalogue.size
    )
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    return [_best(_tried(name, matrix, queries, items)) for name in GRIDS]


def _tried(
    name: str, matrix: sparse.csr_array, queries: Queries, items: int
) -> Iterator[SimpleModel]:
    for settings, fit in GRIDS[name]:
        similarities = fit(matrix)
        for decay in DECAYS:
            model = SimpleModel(name, settings | {"decay": decay}, 0.0, similarities)
            figures = rank(model.scorer(items), queries, items).metrics(items)
            yield dataclasses.replace(model, ndcg=figures["ndcg@10"])


def _best(tried: Iterator[SimpleModel]) -> SimpleModel:
    """The first of the best; one at a time, since each may fill a good part of the memory."""
    best = next(tried)
    for model in tried:
        best = model if model.ndcg > best.ndcg else best
    return best


def item_item_scorer(similarities: Similarities, decay: float, items: int) -> Scorer:
    """Scores of every item: a decayed sum over the history; column 0 is padding."""

    def score(histories: tf.RaggedTensor) -> tf.Tensor:
        values, row_splits = histories.flat_values.numpy(), histories.row_splits.numpy()
        return tf.constant(similarities.scores(decayed(values, row_splits, items, decay)))

    return score
