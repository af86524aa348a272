"""What an index costs against exact retrieval: recall, time, and accuracy on the test queries."""

import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.artifact.changes import relative
from export.artifact.documents import Accuracy, CurvePoint, Figures, Recall
from export.graph.exact import LOWEST, ExactIndex
from export.graph.index import Index
from export.graph.recall import BATCH, Asked, searcher, shares_served

TIMED = 100  # queries, one at a time
TOP = 10


def measured_recall(index: Index, exact: ExactIndex, asked: Asked, whose: str) -> Recall:
    """What the index serves of what exact retrieval serves.

    Args:
        index: what is measured.
        exact: exact retrieval in the same items.
        asked: the requests.
        whose: they are, in words.
    """
    share, error = mean_share(shares_served(index, exact.dense(), asked))
    return Recall(
        k=asked.k,
        share=round(share, 4),
        standard_error=round(error, 4),
        of=f"the {asked.k} items that exact retrieval serves after {whose}",
    )


def mean_share(shares: np.ndarray) -> tuple[float, float]:
    """The mean of the shares of those to whom something can be served, and its standard error."""
    real = shares[~np.isnan(shares)]
    error = real.std(ddof=1) / len(real) ** 0.5 if len(real) > 1 else 0.0
    return (float(real.mean()) if len(real) else 1.0), float(error)


def cost_curve(
    build: Callable[[int], Index], shares: np.ndarray, exact: ExactIndex, asked: Asked
) -> tuple[CurvePoint, ...]:
    """Recall and milliseconds a request of exact retrieval, and at 1, 2, 4, ... probes.

    Args:
        build: the index with so many probes.
        shares: (queries, cells), what 1, 2, ... probes serve of the exact answers.
        exact: exact retrieval in the same items.
        asked: the requests.
    """
    points = [CurvePoint(None, asked.k, 1.0, _milliseconds(exact, asked))]
    for probes in (2**power for power in range(shares.shape[1].bit_length())):
        recall = round(mean_share(shares[:, probes - 1])[0], 4)
        points.append(CurvePoint(probes, asked.k, recall, _milliseconds(build(probes), asked)))
    return tuple(points)


def _milliseconds(index: Index, asked: Asked) -> float:
    """The median of single searches."""
    search, times = searcher(index, asked.allowed, asked.k), []
    parts = [asked.part(slice(i, i + 1)) for i in range(min(TIMED, len(asked.vectors)))]
    search(tf.constant(parts[0].vectors), parts[0].hidden)
    for part in parts:
        vector = tf.constant(part.vectors)
        started = time.perf_counter()
        search(vector, part.hidden)[1].numpy()
        times.append(time.perf_counter() - started)
    return round(1000 * float(np.median(times)), 3)


def accuracy(exact: ExactIndex, index: Index, asked: Asked, targets: np.ndarray) -> Accuracy:
    """NDCG@10 and HR@10 of what exact retrieval and the index recommend.

    Args:
        exact: exact retrieval in the same items.
        index: what is measured.
        asked: the test queries.
        targets: (queries,) rows that came next.
    """
    before, after = (figures(each, asked, targets) for each in (exact, index))
    return Accuracy(before, after, relative(after.ndcg - before.ndcg, before.ndcg))


def figures(index: Index, asked: Asked, targets: np.ndarray) -> Figures:
    """HR@10 and NDCG@10 of an index; see `accuracy`."""
    search, hits = searcher(index, asked.allowed, TOP), []
    for start in range(0, len(targets), BATCH):
        part = asked.part(slice(start, start + BATCH))
        scores, rows = (each.numpy() for each in search(tf.constant(part.vectors), part.hidden))
        served = np.where(scores > LOWEST, rows, -1)
        hits.append(served == targets[start : start + BATCH, np.newaxis])
    found = np.concatenate(hits)
    gains = found / np.log2(np.arange(2, found.shape[1] + 2))
    rounded = (round(float(each.mean()), 5) for each in (found.any(axis=1), gains.sum(axis=1)))
    return Figures(*rounded)
