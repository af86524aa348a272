"""How long each stage takes on a trained MovieLens-1M run.

    python tests/benchmarks/stage_times.py runs/ml1m

Prints one JSON line a stage with wall-clock and CPU seconds, the median of three: reading
`ratings.dat`, the ranking pass over all test users (validation and baselines not counted),
evaluating the run as a command, and exporting with proof as a command.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Time every stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run on ml-1m")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name, stage in stages(arguments.run.resolve(), Path(scratch)).items():
            times = [measure(stage) for _ in range(arguments.repeats)]
            wall, cpu = (round(statistics.median(part), 2) for part in zip(*times, strict=True))
            print(json.dumps({"stage": name, "wall_s": wall, "cpu_s": cpu}), flush=True)


def stages(path: Path, scratch: Path) -> dict[str, Callable[[], object]]:
    """Name -> what to time."""
    from seqrec_tf.data import load_interactions
    from seqrec_tf.data.dataset import load_dataset
    from seqrec_tf.evaluation.ranking import encoder_scorer, rank
    from seqrec_tf.runs.directory import read_run

    run = read_run(path)
    dataset = load_dataset(run.config.data)
    scorer = encoder_scorer(run.encoder)
    export = ["export", "--format", "all", "--run", str(path), "--output", str(scratch)]
    return {
        "read ratings.dat and movies.dat": lambda: load_interactions(run.config.data),
        "rank all test users": lambda: rank(scorer, dataset.split.test, dataset.catalogue.size),
        "python -m seqrec_tf.evaluate": lambda: command("seqrec_tf.evaluate", str(path)),
        "python -m export --format all": lambda: command(*export),
    }


def command(*arguments: str) -> None:
    """Run `python -m ...` quietly."""
    subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True)


def measure(stage: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and CPU seconds, those of child processes included."""
    before, start = os.times(), time.perf_counter()
    stage()
    after = os.times()
    return time.perf_counter() - start, sum(after[:4]) - sum(before[:4])


if __name__ == "__main__":
    main()
