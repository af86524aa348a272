"""Encoders that are computed, not trained: item-item models in so many dimensions."""

import dataclasses
import sys
from dataclasses import dataclass

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel, simple_models
from seqrec_tf.models import ItemItem
from seqrec_tf.settings.config import CLOSED_FORM
from seqrec_tf.settings.recipes import ITEM_ITEM
from seqrec_tf.training.item_item import item_item_encoder, narrowed

RANK = ITEM_ITEM["encoder"]["dim"]  # where no --dim was given


@dataclass(frozen=True)
class ClosedForm:
    """An item-item model as an encoder, and what its rank costs.

    Attributes:
        model: fitted on the training part, chosen by validation.
        encoder: its scores as products of vectors.
        kept: NDCG@10 of the encoder on the validation queries that chose; `model.ndcg` is that of
            the whole matrix.
    """

    model: SimpleModel
    encoder: ItemItem
    kept: float

    def as_dict(self) -> dict:
        """As `seqrec_tf.evaluation.metrics.Metrics.closed_form` has it."""
        return {
            "settings": self.model.settings | {"rank": self.encoder.dim},
            "whole": self.model.ndcg,
            "kept": self.kept,
        }


def closed_form(name: str, dataset: Dataset, window: int, rank: int = RANK) -> ClosedForm:
    """Fit, choose and cut to the rank.

    Args:
        name: one of `CLOSED_FORM`.
        dataset: its training part is fitted, its validation queries choose.
        window: most recent items of a history that the encoder reads.
        rank: at most so many dimensions.
    """
    print(f"fitting {name} on {dataset.split.training.nrows()} histories", file=sys.stderr)
    (model,) = simple_models(dataset, [name])
    return _cut(model, dataset, window, rank)


def best_closed_form(
    dataset: Dataset, window: int, simple: list[SimpleModel] | None = None
) -> ClosedForm:
    """The best of all in validation, in `RANK` dimensions.

    Args:
        dataset: as in `closed_form`.
        window: as in `closed_form`.
        simple: those that are fitted already.
    """
    known = simple or []
    missing = [name for name in CLOSED_FORM if name not in [model.name for model in known]]
    models = [*known, *simple_models(dataset, missing)]
    return max((_cut(each, dataset, window, RANK) for each in models), key=lambda each: each.kept)


def _cut(model: SimpleModel, dataset: Dataset, window: int, rank: int) -> ClosedForm:
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    narrow = narrowed(model, rank, queries)
    encoder = item_item_encoder(narrow, window, queries)
    whole = dataclasses.replace(model, settings=narrow.model.settings)
    return ClosedForm(whole, encoder, encoder_ndcg(encoder, queries))
