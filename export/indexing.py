"""Choose and build the index of an export, and say what it costs against exact retrieval."""

import time

import numpy as np
import tensorflow as tf

from export.cells import Cells, default_count, train_cells
from export.changes import relative
from export.ivf import IvfIndex
from export.options import ExportOptions
from export.retrieval import ExactIndex, Query
from export.tables import ReducedTable
from seqrec_tf.data.splits import Split
from seqrec_tf.errors import InputError

QUERIES = 1000  # validation queries that recall is measured on, drawn with seed 0
TIMED = 100  # of them, one at a time
BATCH = 256
TOP = 10


def build_index(
    encoder, exact: ExactIndex, options: ExportOptions, split: Split | None
) -> tuple[ExactIndex | IvfIndex, dict]:
    """The index, and what the export report says of it.

    Args:
        encoder: what turns histories into vectors.
        exact: exact retrieval in its item table, which is also the index if nothing else is asked.
        options: `retrieval`, `precision`, `cells`, `probes` and `recall`.
        split: histories that recall (validation) and NDCG (test) are measured on; None if there
            are none.

    Raises:
        InputError: probes must be chosen and there are no histories, or no number of them will do.
    """
    table, popularity = exact.dense(), exact.popularity.numpy()
    facts = {"kind": options.retrieval, "precision": options.precision}
    if options.retrieval == "exact" and options.precision == "float32":
        return exact, facts
    vectors = None if split is None else _encoded(encoder, split.validation.sample(QUERIES, 0))
    if options.retrieval == "exact":
        index = ExactIndex(ReducedTable(table, options.precision), popularity)
    else:
        cells = train_cells(table, options.cells or default_count(len(table) - 1))
        probes = options.probes or _fewest_probes(table, cells, vectors, options.recall)
        index = IvfIndex(table, popularity, cells, probes, options.precision)
        facts |= {"cells": len(cells.centres), "largest_cell": cells.members.shape[1]}
        facts |= {"probes": probes}
        if vectors is not None:
            build = lambda p: IvfIndex(table, popularity, cells, p, options.precision)  # noqa: E731
            facts["curve"] = _curve(build, exact, vectors, len(cells.centres))
    if split is not None:
        facts["recall@10"] = _recall(_top(index, vectors), _top(exact, vectors))
        facts["test"] = _accuracy(encoder, {"exact float32": exact, "exported": index}, split)
    return index, facts


def _encoded(encoder, queries) -> np.ndarray:
    """(queries, dim) float32."""
    parts = (queries.histories[i : i + BATCH] for i in range(0, len(queries), BATCH))
    return np.concatenate([np.asarray(encoder.encode(part)) for part in parts])


def _fewest_probes(table: np.ndarray, cells: Cells, vectors, recall: float) -> int:
    """The fewest cells that hold so much of the exact top 10 of the vectors."""
    if vectors is None:
        raise InputError(
            "--retrieval ivf: expected --probes, or histories to choose them with. Received: none."
        )
    shares = recall_by_probes(table, cells, vectors)
    return int(np.argmax(shares >= min(recall, shares[-1]))) + 1


def recall_by_probes(table: np.ndarray, cells: Cells, vectors: np.ndarray) -> np.ndarray:
    """Share of the exact top 10 in the nearest 1, 2, ... cells: (cells,) ascending.

    Args:
        table: (items + 1, dim).
        cells: of the items.
        vectors: (queries, dim).
    """
    cell_of = cells.cell_of()
    needed = []
    for start in range(0, len(vectors), BATCH):
        batch = vectors[start : start + BATCH]
        scores = batch @ table[1:].T
        top = np.argpartition(-scores, min(TOP, scores.shape[1]) - 1)[:, :TOP] + 1
        nearness = batch @ cells.centres.T
        own = np.take_along_axis(nearness, cell_of[top], axis=1)
        needed.append((nearness[:, np.newaxis] > own[:, :, np.newaxis]).sum(axis=2).ravel())
    counts = np.bincount(np.concatenate(needed), minlength=len(cells.centres))
    return np.cumsum(counts) / counts.sum()


def _curve(build, exact: ExactIndex, vectors: np.ndarray, cells: int) -> list[dict]:
    """Recall and milliseconds a request at 1, 2, 4, ... probes, and of exact retrieval."""
    wanted = _top(exact, vectors)
    counts = [2**power for power in range(cells.bit_length()) if 2**power <= cells]
    indices = [(None, exact), *((count, build(count)) for count in counts)]
    return [
        {
            "probes": count,
            "recall@10": _recall(_top(index, vectors), wanted),
            "milliseconds": _milliseconds(index, vectors[:TIMED]),
        }
        for count, index in indices
    ]


def _searcher(index):
    vectors = tf.TensorSpec([None, index.dense().shape[1]], tf.float32)

    @tf.function(input_signature=[vectors, tf.RaggedTensorSpec([None, None], tf.int32)])
    def search(vectors, hidden):
        cold = tf.zeros([tf.shape(vectors)[0], 1], tf.bool)
        return index.search(Query(vectors, cold, hidden, None), min(TOP, index.reach))[1]

    return search


def _nothing(count: int) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), tf.zeros([count], tf.int64))


def _top(index, vectors: np.ndarray) -> np.ndarray:
    """(queries, 10) rows."""
    search = _searcher(index)
    parts = [vectors[i : i + BATCH] for i in range(0, len(vectors), BATCH)]
    return np.concatenate([search(tf.constant(p), _nothing(len(p))).numpy() for p in parts])


def _recall(found: np.ndarray, wanted: np.ndarray) -> float:
    """Share of the wanted rows that were found."""
    hits = (found[:, :, np.newaxis] == wanted[:, np.newaxis]).any(axis=1)
    return round(float(hits.mean()), 4)


def _milliseconds(index, vectors: np.ndarray) -> float:
    """The median of single searches."""
    search, nothing, times = _searcher(index), _nothing(1), []
    search(tf.constant(vectors[:1]), nothing)
    for vector in vectors:
        started = time.perf_counter()
        search(tf.constant(vector[np.newaxis]), nothing).numpy()
        times.append(time.perf_counter() - started)
    return round(1000 * float(np.median(times)), 3)


def _accuracy(encoder, indices: dict, split: Split) -> dict:
    """NDCG@10 and HR@10 of what each index recommends for the test queries."""
    vectors, queries = _encoded(encoder, split.test), split.test
    figures = {name: _figures(index, vectors, queries) for name, index in indices.items()}
    exact, exported = (values["ndcg@10"] for values in figures.values())
    return {**figures, "ndcg_change": relative(exported - exact, exact)}


def _figures(index, vectors: np.ndarray, queries) -> dict[str, float]:
    search, hits = _searcher(index), []
    for start in range(0, len(queries), BATCH):
        part = slice(start, start + BATCH)
        rows = search(tf.constant(vectors[part]), queries.hidden[part]).numpy()
        hits.append(rows == queries.targets[part].numpy()[:, np.newaxis])
    found = np.concatenate(hits)
    gains = found / np.log2(np.arange(2, found.shape[1] + 2))
    values = {"hit_rate@10": found.any(axis=1).mean(), "ndcg@10": gains.sum(axis=1).mean()}
    return {name: round(float(value), 5) for name, value in values.items()}
