"""Item-item models as baselines, their settings chosen on the validation queries.

They take seconds, and on small or sparse data are often ahead of a network: who does not beat them
has learnt nothing. Each is fitted on the training part alone; the test queries choose nothing.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import Scorer, scorer_ndcg
from seqrec_tf.similarity import (
    SIMILARITIES,
    Factors,
    Histories,
    Similarities,
    decayed,
    ease,
    ease_settings,
    item_knn,
    transitions,
)

DECAYS = (0.6, 0.8, 0.9)
TUNING_USERS = 2_000  # validation queries that choose
BASELINES = ("item-knn", "ease")  # beside the Markov chain of `seqrec_tf.evaluation.baselines`


@dataclass(frozen=True)
class Grid:
    """What is tried of a kind of model.

    Attributes:
        fit: histories and one of the settings -> what is learnt.
        settings: the size of the catalogue -> what the fit is tried with.
        decays: of the sum over a history.
    """

    fit: Callable[..., Similarities]
    settings: Callable[[int], Sequence[dict[str, Any]]]
    decays: Sequence[float] = DECAYS


GRIDS = {
    "item-knn": Grid(item_knn, lambda items: [{"similarity": name} for name in SIMILARITIES]),
    "ease": Grid(ease, ease_settings),
    # Of the newest item alone, as its name says.
    "markov": Grid(transitions, lambda items: [{}], decays=[0.0]),
}


@dataclass(frozen=True)
class SimpleModel:
    """An item-item model that was fitted and chosen.

    Attributes:
        name: of the baseline, a key of `GRIDS`.
        settings: what was chosen, `decay` among it.
        ndcg: its NDCG@10 on the validation queries that chose.
        similarities: what was fitted.
        counts: (items + 1,) int, how often each item is in the histories that it was fitted on.
    """

    name: str
    settings: dict[str, Any]
    ndcg: float
    similarities: Similarities
    counts: np.ndarray

    def scorer(self, items: int) -> Scorer:
        """Scores of all `items`."""
        return item_item_scorer(self.similarities, self.settings["decay"], items)


def simple_models(dataset: Dataset, names: Sequence[str] = BASELINES) -> list[SimpleModel]:
    """The best of each grid, in NDCG@10 of at most `TUNING_USERS` validation queries.

    Args:
        dataset: of which the training part is fitted.
        names: of `GRIDS`.
    """
    histories = histories_of(dataset.split.training, dataset.catalogue.size)
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    return [_best(_tried(name, histories, queries)) for name in names]


def fitted(model: SimpleModel, histories: Histories) -> SimpleModel:
    """The same model, in its settings, of other histories."""
    grid = GRIDS[model.name]
    names = grid.settings(histories.items)[0]
    settings = {name: model.settings[name] for name in names if name in model.settings}
    similarities = grid.fit(histories, **settings)
    return dataclasses.replace(model, similarities=similarities, counts=histories.counts)


def histories_of(ragged: tf.RaggedTensor, items: int) -> Histories:
    """Ragged (users, None) item rows as item-item models take them."""
    return Histories(ragged.flat_values.numpy(), ragged.row_splits.numpy(), items)


def _tried(name: str, histories: Histories, queries: Queries) -> Iterator[SimpleModel]:
    grid, items = GRIDS[name], histories.items
    for settings in grid.settings(items):
        similarities = grid.fit(histories, **settings)
        for decay in grid.decays:
            model = SimpleModel(
                name, settings | {"decay": decay}, 0.0, similarities, histories.counts
            )
            yield dataclasses.replace(model, ndcg=scorer_ndcg(model.scorer(items), queries, items))


def _best(tried: Iterator[SimpleModel]) -> SimpleModel:
    """The first of the best; one at a time, since each may fill a good part of the memory."""
    best = next(tried)
    for model in tried:
        best = model if model.ndcg > best.ndcg else best
    return best


def item_item_scorer(similarities: Similarities | Factors, decay: float, items: int) -> Scorer:
    """Scores of every item: a decayed sum over the history; column 0 is padding."""

    def score(histories: tf.RaggedTensor, times: tf.RaggedTensor | None = None) -> tf.Tensor:
        values, row_splits = histories.flat_values.numpy(), histories.row_splits.numpy()
        return tf.constant(similarities.scores(decayed(values, row_splits, items, decay)))

    return score
