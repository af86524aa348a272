"""Choose and build the index of an export, and say what it costs against exact retrieval.

Recall is of what is served: the k items of a default request, with the history and what the
catalogue withholds hidden. Probes are chosen on some validation histories, and what they find is
reported of others.
"""

import dataclasses
import sys
import time

import numpy as np
import tensorflow as tf

from export.artifact.changes import relative
from export.graph.cells import default_count, train_cells
from export.graph.exact import LOWEST, ExactIndex
from export.graph.ivf import IvfIndex
from export.graph.options import RetrievalOptions
from export.graph.recall import BATCH, Asked, searcher, shares_by_probes, shares_served
from export.graph.tables import ReducedTable
from seqrec_tf.data.splits import Queries, Split
from seqrec_tf.errors import InputError

QUERIES = 1000  # validation histories to choose with, and as many to report of, drawn with seed 0
TIMED = 100  # of those, one at a time
TOP = 10


def build_index(
    encoder,
    exact: ExactIndex,
    options: RetrievalOptions,
    split: Split | None,
    allowed: np.ndarray | None = None,
) -> tuple[ExactIndex | IvfIndex, dict]:
    """The index, and what the export report says of it.

    Args:
        encoder: what turns histories into vectors.
        exact: exact retrieval in its item table, which is also the index if nothing else is asked.
        options: which index, and how much it may miss.
        split: histories that recall (validation) and NDCG (test) are measured on; None if there
            are none.
        allowed: (items + 1,) bool, rows that may come up; None for all.

    Raises:
        InputError: probes must be chosen and there are no histories to do that with.
    """
    facts = {"kind": options.retrieval, "precision": options.precision}
    if options.retrieval == "exact" and options.precision == "float32":
        return exact, facts
    allowed = np.ones(exact.reach, bool) if allowed is None else allowed
    ask = lambda queries: _asked(encoder, queries, allowed, options)  # noqa: E731
    chooses = options.retrieval == "ivf" and not options.probes
    choosing, reporting = _drawn(split, chooses)
    if options.retrieval == "exact":
        index = ExactIndex(ReducedTable(exact.dense(), options.precision), exact.popularity.numpy())
    else:
        build = _CellIndices(exact, options, allowed)
        probes = options.probes
        if chooses:
            probes = _fewest_probes(build.shares(ask(choosing)), options.recall)
        index = build(min(probes, build.count))
        facts |= {
            "asked_cells": options.cells,
            "cells": build.count,
            "largest_cell": build.cells.members.shape[1],
        }
        facts |= {"probes": index.probes}
    if len(reporting):
        asked = ask(reporting)
        whose = f"{len(reporting):,} validation histories"
        whose += ", with which the probes were not chosen" if chooses else ""
        hidden = "withheld" if options.repeats else "seen and withheld"
        facts |= _recall(index, exact, asked, f"{whose}; {hidden} items are hidden")
        if options.retrieval == "ivf":
            facts["curve"] = _curve(build, exact, asked)
        print(_said(facts, options.k), file=sys.stderr)
    if split is not None and len(split.test):
        indices = {"exact float32": exact, "exported": index}
        facts["test"] = _accuracy(indices, ask(split.test), split.test.targets.numpy())
    return index, facts


def _drawn(split: Split | None, chooses: bool) -> tuple[Queries | tuple, Queries | tuple]:
    """Validation queries to choose probes with, and others to report of.

    Raises:
        InputError: there is not one of each, and they are needed.
    """
    count = 0 if split is None else len(split.validation)
    if chooses and count < 2:
        raise InputError(
            "--retrieval ivf: expected --probes, or histories to choose them with: two of "
            f"validation or more. Received: {count or 'none'}."
        )
    if split is None:
        return (), ()
    order = np.random.default_rng(0).permutation(count)
    half = min(QUERIES, count // 2) if chooses else 0
    return tuple(
        dataclasses.replace(
            split.validation,
            histories=tf.gather(split.validation.histories, places),
            targets=tf.gather(split.validation.targets, places),
        )
        for places in (order[:half], order[half : half + QUERIES])
    )


def _asked(encoder, queries: Queries, allowed: np.ndarray, options: RetrievalOptions) -> Asked:
    """Requests of these histories, as a model serves them by default."""
    parts = (queries.histories[i : i + BATCH] for i in range(0, len(queries), BATCH))
    vectors = np.concatenate([np.asarray(encoder.encode(part)) for part in parts])
    hidden = queries.histories[:, :0] if options.repeats else queries.histories
    return Asked(vectors, hidden, allowed, options.k)


class _CellIndices:
    """Indices of the same cells; called with how many of them a request looks into.

    Args:
        exact: exact retrieval in the same item table.
        options: `cells` and `precision`.
        allowed: (items + 1,) bool, rows that may come up.
    """

    def __init__(self, exact: ExactIndex, options: RetrievalOptions, allowed: np.ndarray):
        self._table, self._popularity = exact.dense(), exact.popularity.numpy()
        self._precision, self._allowed = options.precision, allowed
        self.cells = train_cells(self._table, options.cells or default_count(exact.reach - 1))
        self.count = len(self.cells.centres)

    def __call__(self, probes: int) -> IvfIndex:
        given = (self._table, self._popularity, self.cells)
        return IvfIndex(*given, probes, self._precision, self._allowed)

    def shares(self, asked: Asked) -> np.ndarray:
        """What 1, 2, ... probes serve of the exact answers: (queries, cells)."""
        lossless = self._precision == "float32"
        table = self._table
        rated = table if lossless else ReducedTable(table, self._precision).dense()
        return shares_by_probes(table, rated, self.cells, asked)


def _recall(index, exact: ExactIndex, asked: Asked, whose: str) -> dict:
    """What the report says of recall."""
    recall, error = _mean(shares_served(index, exact.dense(), asked))
    return {
        f"recall@{asked.k}": round(recall, 4),
        "recall_standard_error": round(error, 4),
        "recall_of": f"the {asked.k} items that exact retrieval serves after {whose}",
    }


def _fewest_probes(shares: np.ndarray, recall: float) -> int:
    """The fewest cells that find the recall also if these queries were lucky by a standard error.

    All of them for a recall of 1, which no sample can promise. If rounding of the table keeps any
    number from it: the fewest that find as much as can be found.
    """
    if recall == 1:
        return shares.shape[1]
    lowest = np.array([mean - error for mean, error in map(_mean, shares.T)])
    return int(np.argmax(lowest >= min(recall, lowest.max()))) + 1


def _mean(shares: np.ndarray) -> tuple[float, float]:
    """The mean of the shares of those to whom something can be served, and its standard error."""
    real = shares[~np.isnan(shares)]
    error = real.std(ddof=1) / len(real) ** 0.5 if len(real) > 1 else 0.0
    return (float(real.mean()) if len(real) else 1.0), float(error)


def _curve(build, exact: ExactIndex, asked: Asked) -> list[dict]:
    """Recall and milliseconds a request at 1, 2, 4, ... probes, and of exact retrieval."""
    name = f"recall@{asked.k}"
    points = [{"probes": None, name: 1.0, "milliseconds": _milliseconds(exact, asked)}]
    shares = build.shares(asked)
    for count in (2**power for power in range(shares.shape[1].bit_length())):
        recall, time = _mean(shares[:, count - 1])[0], _milliseconds(build(count), asked)
        points.append({"probes": count, name: round(recall, 4), "milliseconds": time})
    return points


def _milliseconds(index, asked: Asked) -> float:
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


def _accuracy(indices: dict, asked: Asked, targets: np.ndarray) -> dict:
    """NDCG@10 and HR@10 of what each index recommends for the test queries."""
    figures = {name: _figures(index, asked, targets) for name, index in indices.items()}
    exact, exported = (values["ndcg@10"] for values in figures.values())
    return {**figures, "ndcg_change": relative(exported - exact, exact)}


def _figures(index, asked: Asked, targets: np.ndarray) -> dict[str, float]:
    search, hits = searcher(index, asked.allowed, TOP), []
    for start in range(0, len(targets), BATCH):
        part = asked.part(slice(start, start + BATCH))
        scores, rows = (each.numpy() for each in search(tf.constant(part.vectors), part.hidden))
        served = np.where(scores > LOWEST, rows, -1)
        hits.append(served == targets[start : start + BATCH, np.newaxis])
    found = np.concatenate(hits)
    gains = found / np.log2(np.arange(2, found.shape[1] + 2))
    values = {"hit_rate@10": found.any(axis=1).mean(), "ndcg@10": gains.sum(axis=1).mean()}
    return {name: round(float(value), 5) for name, value in values.items()}


def _said(facts: dict, k: int) -> str:
    """The line on stderr: what was found, and what that is of."""
    way = "every item"
    if facts["kind"] == "ivf":
        way = f"{facts['probes']} of {facts['cells']} cells"
    return (
        f"retrieval: {way}, in {facts['precision']}: recall@{k} {facts[f'recall@{k}']:.1%} "
        f"(standard error {facts['recall_standard_error']:.1%}) of {facts['recall_of']}"
    )
