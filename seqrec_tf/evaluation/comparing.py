"""Two encoders on the same queries: their figures, and what the differences are worth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.breakdown import breakdown
from seqrec_tf.evaluation.comparison import CUTOFF, ndcg, paired
from seqrec_tf.evaluation.difference import Difference
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.models import Encoder

PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hit_rate@10": lambda ranks: (ranks < CUTOFF).astype(np.float64),
    "ndcg@10": ndcg,
    "mrr@10": lambda ranks: (ranks < CUTOFF) / (ranks + 1),
}


@dataclass(frozen=True)
class Comparison:
    """Test figures of two encoders, A and B.

    Attributes:
        protocol: of both.
        users: test queries.
        figures: metric -> A's and B's.
        differences: metric -> B's less A's, paired.
        better: queries whose target B ranks higher, and those where A does.
        breakdown: as `seqrec_tf.evaluation.breakdown.breakdown`, of "A" and "B".
    """

    protocol: str
    users: int
    figures: dict[str, tuple[float, float]]
    differences: dict[str, Difference]
    better: tuple[int, int]
    breakdown: dict[str, list[dict]]


def compare(encoders: tuple[Encoder, Encoder], datasets: tuple[Dataset, Dataset]) -> Comparison:
    """Rank the test queries with both.

    Args:
        encoders: A and B.
        datasets: of each; their test queries must be the same.

    Raises:
        InputError: they are not.
    """
    first, second = datasets
    _require_same(first, second)
    queries, items = first.split.test, first.catalogue.size
    ranks = [rank(encoder_scorer(each), queries, items).ranks for each in encoders]
    values = {name: [part(each) for each in ranks] for name, part in PARTS.items()}
    return Comparison(
        protocol=first.protocol,
        users=len(queries),
        figures={name: (float(a.mean()), float(b.mean())) for name, (a, b) in values.items()},
        differences={name: paired(b, a) for name, (a, b) in values.items()},
        better=(int((ranks[1] < ranks[0]).sum()), int((ranks[0] < ranks[1]).sum())),
        breakdown=breakdown(
            dict(zip("AB", ranks, strict=True)),
            queries.histories.row_lengths().numpy(),
            queries.targets.numpy(),
            first.catalogue.counts,
            queries.trained,
        ),
    )


def _require_same(first: Dataset, second: Dataset) -> None:
    expected, received = _described(first), _described(second)
    same = expected == received and np.array_equal(first.catalogue.ids, second.catalogue.ids)
    if not (same and _same_queries(first.split.test, second.split.test)):
        raise InputError(
            f"evaluate A B: expected two runs with the same test queries; A has {expected}. "
            f"Received: B with {received}{', but others' if expected == received else ''}."
        )


def _described(dataset: Dataset) -> str:
    return (
        f"{len(dataset.split.test):,} of protocol {dataset.protocol} over "
        f"{dataset.catalogue.size:,} items"
    )


def _same_queries(first: Queries, second: Queries) -> bool:
    parts = [
        (each.targets, each.histories.flat_values, each.histories.row_splits)
        for each in (first, second)
    ]
    return all(np.array_equal(a, b) for a, b in zip(*parts, strict=True))
