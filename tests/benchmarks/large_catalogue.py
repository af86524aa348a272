"""Export, load and ask a model of many items; peak memory over the size of the item table.

    python tests/benchmarks/large_catalogue.py --items 10000000 --dim 64

The encoder's own table is small, and the item vectors come from a file, so that the memory is the
export's. Each stage is a process of its own, the proof once more by itself; its peak resident
memory is printed as JSON, in bytes and over that of the table (items x dim x 4 bytes).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from export.proof.process import FREEING

WINDOW = 50
STAGES = ("make", "export", "prove", "ask")


def main() -> None:
    """Run both stages and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stages = (make_vectors, export_model, prove_model, ask_model)
        dict(zip(STAGES, stages, strict=True))[arguments.stage](arguments)
        say_peak(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        for stage in STAGES:
            sizes = ["--items", str(arguments.items), "--dim", str(arguments.dim)]
            command = [sys.executable, __file__, *sizes, "--stage", stage, "--output", folder]
            started = time.perf_counter()
            environment = os.environ | (FREEING if stage == "prove" else {})
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=environment)
            print(json.dumps({"stage": stage, "seconds": round(time.perf_counter() - started, 1)}))


def make_vectors(arguments: argparse.Namespace) -> None:
    """The file of item vectors."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((arguments.items, arguments.dim), np.float32)
    np.save(Path(arguments.output) / "vectors.npy", vectors)


def export_model(arguments: argparse.Namespace) -> None:
    """Export exact retrieval, with proof."""
    import tensorflow as tf

    from export import export_savedmodel

    table = tf.Variable(tf.random.stateless_normal([1000, arguments.dim], [0, 0]))

    def encode(rows):
        return tf.reduce_mean(tf.gather(table, rows % 1000), axis=1)

    ids = np.arange(1, arguments.items + 1)
    vectors = Path(arguments.output) / "vectors.npy"
    export_savedmodel(encode, ids, vectors, WINDOW, output=arguments.output, name="large")


def prove_model(arguments: argparse.Namespace) -> None:
    """The proof alone."""
    from export.proof.artifacts import prove

    proof = prove([Path(arguments.output) / "large/1"])
    print(json.dumps({"failures": proof.failures[:3]}))


def ask_model(arguments: argparse.Namespace) -> None:
    """Load it as a server does, and ask."""
    import tensorflow as tf

    model = tf.saved_model.load(str(Path(arguments.output) / "large/1"))
    ask = model.signatures["serving_default"]
    history = tf.constant(np.random.default_rng(0).integers(1, arguments.items, (1, WINDOW)))
    times = []
    for _ in range(10):
        started = time.perf_counter()
        ids = ask(item_ids=history)["item_ids"].numpy()
        times.append(time.perf_counter() - started)
    print(json.dumps({"answer": ids[0, :3].tolist(), "ms": round(1000 * np.median(times), 1)}))


def say_peak(arguments: argparse.Namespace) -> None:
    """Peak resident memory of this process."""
    size = arguments.items * arguments.dim * 4
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    facts = {"peak": peak, "table": size, "peak over table": round(peak / size, 2)}
    print(json.dumps({"stage": arguments.stage, **facts}), flush=True)


if __name__ == "__main__":
    main()
