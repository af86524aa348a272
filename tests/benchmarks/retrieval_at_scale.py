"""Exact and approximate retrieval in a large catalogue, beside reading its table and beside ScaNN.

    python tests/benchmarks/retrieval_at_scale.py --items 1000000
    python tests/benchmarks/retrieval_at_scale.py --items 1000000 --scann-python .venv/bin/python

Vectors lie in bunches, as those of trained models do. One vector at a time, 50 items hidden, ten
wanted. `--scann-python` is an interpreter with the package `scann` (extra `bench`), which runs in a
process of its own, without TensorFlow. Prints a JSON line a way: recall@10, median milliseconds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

BUNCHES, SPREAD, QUERIES, HIDDEN, TOP = 5000, 0.6, 200, 50, 10


def main() -> None:
    """Measure each way, and those of ScaNN if there is an interpreter for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--scann-python", type=Path)
    parser.add_argument("--scann-worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.scann_worker:
        scann_worker(arguments.scann_worker)
        return
    table, queries = make_vectors(arguments.items, arguments.dim)
    say("read the table", None, read_times(table))
    wanted = tensorflow_ways(table, queries, arguments.recall)
    if arguments.scann_python:
        with tempfile.TemporaryDirectory() as folder:
            for name, array in (("table", table[1:]), ("queries", queries), ("wanted", wanted)):
                np.save(Path(folder) / f"{name}.npy", array)
            command = [arguments.scann_python, __file__, "--scann-worker", folder]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def make_vectors(items: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """The item table, with row 0, and queries from the same bunches: float32."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((BUNCHES, dim), np.float32)

    def draw(count: int) -> np.ndarray:
        noise = generator.standard_normal((count, dim), np.float32)
        return centres[generator.integers(0, BUNCHES, count)] + SPREAD * noise

    return np.concatenate([np.zeros((1, dim), np.float32), draw(items)]), draw(QUERIES)


def read_times(table: np.ndarray) -> list[float]:
    """Seconds to read all of the table on two threads."""
    halves = np.array_split(table, 2)
    with ThreadPoolExecutor(2) as pool:
        return [timed(lambda: list(pool.map(np.max, halves))) for _ in range(15)]


def tensorflow_ways(table: np.ndarray, queries: np.ndarray, recall: float) -> np.ndarray:
    """Exact search and cells; returns the true top ten, (queries, 10) rows."""
    from types import SimpleNamespace

    import tensorflow as tf

    from export.graph.cells import default_count, train_cells
    from export.graph.exact import ExactIndex
    from export.graph.ivf import IvfIndex
    from export.graph.recall import Asked, shares_by_probes
    from export.graph.tables import FullTable, ReducedTable

    popularity = np.zeros(len(table), np.float32)
    variable = tf.Variable(table)
    encoder = SimpleNamespace(item_table=lambda: tf.convert_to_tensor(variable))
    wanted, times = ask(ExactIndex(FullTable(encoder), popularity), queries)
    say("exact float32", 1.0, times)
    found, times = ask(ExactIndex(ReducedTable(table, "int8"), popularity), queries[:40])
    say("exact int8", share(found, wanted[:40]), times)
    started = time.perf_counter()
    cells = train_cells(table, default_count(len(table) - 1))
    built = round(time.perf_counter() - started, 1)
    asked = Asked(queries, hidden_rows(len(table), len(queries)), np.arange(len(table)) > 0, TOP)
    shares = shares_by_probes(table, table, cells, asked).mean(axis=0)
    probes = int(np.argmax(shares >= recall)) + 1
    facts = {"cells": len(cells.centres), "probes": probes, "built_s": built}
    for precision in ("float32", "int8"):
        found, times = ask(IvfIndex(table, popularity, cells, probes, precision), queries)
        say(f"cells {precision}", share(found, wanted), times, **facts)
    return wanted


def hidden_rows(rows: int, times: int = 1):
    """What somebody has seen, for each of them the same: ragged (times, 50)."""
    import tensorflow as tf

    hidden = np.random.default_rng(1).integers(1, rows, HIDDEN)
    return tf.RaggedTensor.from_tensor(tf.constant(np.tile(hidden, (times, 1)), tf.int32))


def ask(index, queries: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """(queries, 10) rows and seconds each, as the graph asks: with items to hide."""
    import tensorflow as tf

    from export.graph.index import Query

    hidden = hidden_rows(index.dense().shape[0])
    vector = tf.TensorSpec([1, queries.shape[1]], tf.float32)

    @tf.function(input_signature=[vector])
    def search(vector):
        return index.search(Query(vector, tf.constant([[False]]), hidden, None), TOP)[1]

    search(tf.constant(queries[:1]))
    rows, times = [], []
    for query in queries:
        query = tf.constant(query[np.newaxis])
        times.append(timed(lambda query=query: rows.append(search(query).numpy()[0])))
    return np.stack(rows), times


def scann_worker(folder: Path) -> None:
    """ScaNN by brute force, and with a tree and asymmetric hashing at several settings."""
    # ScaNN's TensorFlow operations, which nobody needs here, load into TensorFlow 2.20 only.
    sys.modules["tensorflow"] = None
    import scann

    table, queries, wanted = (
        np.load(folder / f"{name}.npy") for name in ("table", "queries", "wanted")
    )
    build = lambda: scann.scann_ops_pybind.builder(table, TOP, "dot_product")  # noqa: E731
    searcher = build().score_brute_force().build()
    found, times = scann_ask(searcher, queries, {})
    say("ScaNN brute force", share(found + 1, wanted), times)
    leaves = round(len(table) ** 0.5)
    searcher = build().tree(leaves, 1, training_sample_size=250_000)
    searcher = searcher.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).build()
    for searched in (2, 5, 10, 20, 40, 80, 160):
        found, times = scann_ask(searcher, queries, {"leaves_to_search": searched})
        say(f"ScaNN tree-AH, {searched} of {leaves} leaves", share(found + 1, wanted), times)


def scann_ask(searcher, queries: np.ndarray, settings: dict) -> tuple[np.ndarray, list[float]]:
    """(queries, 10) positions and seconds each."""
    rows, times = [], []
    for query in queries:
        times.append(timed(lambda q=query: rows.append(searcher.search(q, **settings)[0])))
    return np.stack(rows), times


def share(found: np.ndarray, wanted: np.ndarray) -> float:
    """Share of the wanted rows that were found."""
    return round(float((found[:, :, np.newaxis] == wanted[:, np.newaxis]).any(axis=1).mean()), 4)


def timed(work) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(way: str, recall: float | None, times: list[float], **facts) -> None:
    """One line of the result."""
    median = round(1000 * statistics.median(times), 3)
    print(json.dumps({"way": way, "recall@10": recall, "ms": median, **facts}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
