"""How much of what exact retrieval serves an index serves: the same people, the same hidden items.

What an item is found by is its score: an item that scores what the k-th best does is as good as
that one. Recall is a mean over people; the share of one of them is of the k best items that may
come up for them, or of as many as there are.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from export.graph.cells import Cells
from export.graph.exact import LOWEST
from export.graph.index import Index, Query
from export.graph.ivf import nearness_in_steps

BATCH = 256
SCORES = 1 << 25  # scores in memory at a time
EQUAL = 1e-6  # of the largest of the k best: what float32 sums in another order differ by


class Asked(NamedTuple):
    """Requests, as they are served.

    Attributes:
        vectors: (queries, dim) float32.
        hidden: ragged (queries, None) int32, rows that must not come up.
        allowed: (items + 1,) bool, rows that may come up for anybody.
        k: items an answer.
    """

    vectors: np.ndarray
    hidden: tf.RaggedTensor
    allowed: np.ndarray
    k: int

    def part(self, places: slice) -> "Asked":
        """Some of the requests."""
        return self._replace(vectors=self.vectors[places], hidden=self.hidden[places])


def searcher(index: Index, allowed: np.ndarray, k: int) -> Callable:
    """A traced search: vectors and ragged hidden rows -> scores and rows, (batch, at most k)."""
    vectors = tf.TensorSpec([None, index.dense().shape[1]], tf.float32)
    hidden_rows = tf.RaggedTensorSpec([None, None], tf.int32)
    may = None if allowed[1:].all() else tf.constant(allowed)

    @tf.function(input_signature=[vectors, hidden_rows], autograph=False)
    def search(vectors: tf.Tensor, hidden: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
        cold = tf.zeros([tf.shape(vectors)[0], 1], tf.bool)
        return index.search(Query(vectors, cold, hidden, may), min(k, index.reach))

    return search


def shares_served(index: Index, table: np.ndarray, asked: Asked) -> np.ndarray:
    """What an index serves of the exact answers, asked as a model asks it.

    Args:
        index: what is measured.
        table: (items + 1, dim) float32, what exact retrieval rates items by.
        asked: the requests.

    Returns:
        (queries,) shares; NaN where exact retrieval has nothing to serve.
    """
    search, shares = searcher(index, asked.allowed, asked.k), []
    for start in range(0, len(asked.vectors), BATCH):
        part = asked.part(slice(start, start + BATCH))
        scores, rows = (each.numpy() for each in search(tf.constant(part.vectors), part.hidden))
        for number, (vector, exact) in enumerate(_exact_scores(table, part)):
            cut, count = _cut(exact, asked.k)
            found = rows[number][scores[number] > LOWEST]
            good = (table[found] @ vector >= cut).sum()
            shares.append(min(good, count) / count if count else np.nan)
    return np.array(shares)


def shares_by_probes(
    table: np.ndarray, rated: np.ndarray, cells: Cells, asked: Asked
) -> np.ndarray:
    """What the nearest 1, 2, ... cells serve of the exact answers.

    Args:
        table: (items + 1, dim) float32, what exact retrieval rates items by.
        rated: the same with what a lower precision loses, which items in cells are rated by.
        cells: of the items.
        asked: the requests.

    Returns:
        (queries, cells) shares; NaN where exact retrieval has nothing to serve.
    """
    cell_of, lossless = cells.cell_of(), np.array_equal(table, rated)
    shares = np.full((len(asked.vectors), len(cells.centres)), np.nan, np.float32)
    for number, (vector, exact) in enumerate(_exact_scores(table, asked)):
        cut, count = _cut(exact, asked.k)
        if not count:
            continue
        scores = exact if lossless else np.where(exact > LOWEST, rated @ vector, LOWEST)
        good = exact >= cut
        rows = np.flatnonzero((scores >= scores[good].min()) & (exact > LOWEST))
        steps = nearness_in_steps(cells.centres @ vector)
        place = np.empty(len(steps), np.int32)
        place[np.argsort(-steps, kind="stable")] = np.arange(len(steps))
        places = place[cell_of[rows]]
        order = np.lexsort((rows, places, -scores[rows]))
        served = _served(places[order], good[rows[order]], asked.k, len(steps))
        shares[number] = np.minimum(served, count) / count
    return shares


def _served(places: np.ndarray, good: np.ndarray, k: int, cells: int) -> np.ndarray:
    """(cells,): how many good items are in the k best of the nearest 1, 2, ... cells.

    An item comes up from the cell on that it is in, until the cells hold k better ones.

    Args:
        places: how many cells are nearer than that of each item; the best item first.
        good: (items,) which of them count.
        k: items an answer.
        cells: how many there are.
    """
    changes = np.zeros(cells + 1, np.int32)
    nearest: list[int] = []  # the k nearest so far, negative: a heap
    left = np.minimum.accumulate(places[::-1])[::-1]  # the nearest of this and all worse ones
    for number, (place, counts) in enumerate(zip(places.tolist(), good.tolist(), strict=True)):
        full = -nearest[0] if len(nearest) == k else cells
        if left[number] >= full:
            break
        if place < full and counts:
            changes[place] += 1
            changes[full] -= 1
        (heapq.heappush if len(nearest) < k else heapq.heappushpop)(nearest, -place)
    return np.cumsum(changes[:-1])


def _exact_scores(table: np.ndarray, asked: Asked) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each request's vector, and the score of every row; what may not come up has the lowest."""
    size = max(1, SCORES // len(table))
    for start in range(0, len(asked.vectors), size):
        part = asked.part(slice(start, start + size))
        scores = part.vectors @ table.T
        scores[:, ~asked.allowed] = LOWEST
        scores[:, 0] = LOWEST
        scores[part.hidden.value_rowids().numpy(), part.hidden.flat_values.numpy()] = LOWEST
        yield from zip(part.vectors, scores, strict=True)


def _cut(scores: np.ndarray, k: int) -> tuple[float, int]:
    """From which score on an item is among the k best, and how many those are."""
    real = scores[scores > LOWEST]
    if not len(real):
        return np.inf, 0
    count = min(k, len(real))
    best = np.partition(real, len(real) - count)[-count:]
    return best.min() - EQUAL * np.abs(best).max(), count
