"""From an item-item model to the encoder that gives its scores, in so many dimensions."""

import numpy as np

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.simple_models import SimpleModel
from seqrec_tf.models import ItemItem
from seqrec_tf.similarity import decayed


def item_item_encoder(
    model: SimpleModel,
    items: int,
    window: int,
    rank: int,
    queries: Queries,
    length: float | None = None,
) -> ItemItem:
    """`model` in at most `rank` dimensions, its best scores on these queries 1 in the mean.

    Args:
        model: fitted.
        items: size of the catalogue.
        window: most recent items of a history that are read.
        rank: dimensions; what is lost is what a matrix of that rank cannot hold.
        queries: whose histories give the scale.
        length: root mean square of the values of item vectors; None for vectors of length 1.
    """
    factors = model.similarities.low_rank(rank)
    encoder = ItemItem(items, window, factors.history.shape[1], model.settings["decay"])
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
