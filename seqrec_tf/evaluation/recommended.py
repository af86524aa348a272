"""What is recommended, whether it was right or not: how rare, how varied, and whom it misses.

Of the first 10 items of every test query's user, as `Ranking.recommended` has them.
"""

import numpy as np
from scipy import sparse

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.evaluation.breakdown import POPULARITIES, popularity_thirds
from seqrec_tf.evaluation.ranking import Ranking

CUTOFF, LONG = 10, 20


def describe(ranking: Ranking, targets: np.ndarray, catalogue: Catalogue) -> dict[str, float]:
    """Figures that no hit rate shows.

    - `item_hit_rate@10`: the mean over items of the hit rate of the queries that have the item as
      their target, so that a rare item counts as much as a popular one (the debiased recall of
      Yang et al., RecSys 2018, with weights 1 / how often an item is a target).
    - `novelty@10`: mean of -log2(share of the training interactions), in bits; an item without
      any counts as one with one.
    - `head@10`, `middle@10`, `tail@10`: shares of the recommendations, by the popularity of
      `seqrec_tf.evaluation.breakdown`.
    - `diversity@10`: the mean over users and pairs of their items of 1 - Jaccard similarity of
      the items' categories; only where there are any.
    - `no_hit@20`: users whose target is not among their first 20.

    Args:
        ranking: of the test queries.
        targets: (queries,) int item rows; 0 is an item outside the catalogue.
        catalogue: with counts of the training part.
    """
    top = ranking.recommended[:, :CUTOFF]
    shown = top[top > 0]
    counts = np.append(1, np.maximum(catalogue.counts, 1))
    thirds = popularity_thirds(catalogue.counts)[shown]
    figures = {
        "item_hit_rate@10": _item_hit_rate(ranking.ranks, targets),
        "novelty@10": _mean(-np.log2(counts[shown] / counts[1:].sum())),
        **{f"{name}@10": _mean(thirds == number) for number, name in enumerate(POPULARITIES)},
        "no_hit@20": float((ranking.ranks >= LONG).sum()),
    }
    if catalogue.categories is not None:
        figures["diversity@10"] = _diversity(top, catalogue)
    return {name: round(value, 6) for name, value in figures.items()}


def _item_hit_rate(ranks: np.ndarray, targets: np.ndarray) -> float:
    known = targets > 0
    _, item, counts = np.unique(targets[known], return_inverse=True, return_counts=True)
    return _mean(np.bincount(item, ranks[known] < CUTOFF, len(counts)) / counts)


def _diversity(top: np.ndarray, catalogue: Catalogue) -> float:
    """Users with fewer than two items, and pairs without a category, have nothing to compare."""
    members = list(catalogue.category_members().values())
    rows = np.concatenate([np.zeros(0, np.int32), *members])
    columns = np.repeat(np.arange(len(members)), [len(each) for each in members])
    shape = (catalogue.size + 1, max(len(members), 1))
    has = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    counts = np.asarray(has.sum(axis=1)).ravel()
    first, second = np.triu_indices(top.shape[1], 1)
    sums, pairs = 0.0, 0
    for left, right in zip(top[:, first].T, top[:, second].T, strict=True):
        both = np.asarray(has[left].multiply(has[right]).sum(axis=1)).ravel()
        either = counts[left] + counts[right] - both
        real = (left > 0) & (right > 0) & (either > 0)
        sums += float((1 - both[real] / either[real]).sum())
        pairs += int(real.sum())
    return sums / max(pairs, 1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
