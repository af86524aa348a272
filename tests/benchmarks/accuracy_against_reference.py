"""Accuracy and time against a reference recipe, both trained in turn on this machine.

    python tests/benchmarks/accuracy_against_reference.py sasrec --epochs 10
    python tests/benchmarks/accuracy_against_reference.py gru4rec --epochs 5

Trains the reference program, then this project's recipe of the same name, for the same number of
epochs on MovieLens-1M, and prints one JSON line each: test HR@10 and NDCG@10 under P1, wall-clock
and CPU seconds of the whole process.
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

SHARED = Path(__file__).resolve().parents[3] / "shared"


def main() -> None:
    """Train both, print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoder", choices=("sasrec", "gru4rec"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--reference", type=Path, default=SHARED / "reference")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "ml-1m")
    arguments = parser.parse_args()
    for name, measure in (("reference", reference), ("seqrec-tf", project)):
        metrics, seconds = timed(measure, arguments)
        print(json.dumps({"program": name, "epochs": arguments.epochs, **metrics, **seconds}))


def timed(measure, arguments: argparse.Namespace) -> tuple[dict, dict]:
    """The metrics, and what the child processes took."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    metrics = measure(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return metrics, {"wall_s": round(time.perf_counter() - start, 1), "cpu_s": round(cpu, 1)}


def reference(arguments: argparse.Namespace) -> dict:
    """The last line of the reference program: its metrics."""
    program = arguments.reference / f"keras_io_{arguments.encoder}.py"
    data = str(arguments.data / "ml-1m.txt")
    return json.loads(
        run(str(program), "--data", data, "--epochs", str(arguments.epochs), "--evaluate")[-1]
    )


def project(arguments: argparse.Namespace) -> dict:
    """Test metrics of a run with the recipe of the same name."""
    with tempfile.TemporaryDirectory() as folder:
        run(
            *("-m", "seqrec_tf.train", "--dataset", "ml-1m", "--data-dir", str(arguments.data)),
            *("--recipe", f"keras-io-{arguments.encoder}", "--epochs", str(arguments.epochs)),
            *("--patience", str(arguments.epochs), "--run", f"{folder}/run"),
            folder=folder,
        )
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text(encoding="utf-8"))
    return {name: metrics["test"][name] for name in ("hit_rate@10", "ndcg@10")}


def run(*command: str, folder: str | None = None) -> list[str]:
    """Run Python; its stdout lines."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=folder,
        env=environment,
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
