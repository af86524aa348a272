"""The default recipe with one thing changed, on several data sets: what it does in validation.

    python tests/benchmarks/variants.py ../shared/data --sets lastfm ml-100k beauty --seeds 0

Trains the bare command and each of `VARIANTS` beside it, set by set, and prints a table a set:
validation NDCG@10 of the network alone and blended, seed by seed and as a mean, with the epochs
that were trained. Test is not looked at: what is kept for the default is chosen here. Hours for
all of it; runs that are there are not trained again, so that several of these may share a folder,
each with sets or `--variants` of its own, and `--table` prints what there is.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from own_data import train

VARIANTS = {
    "as it is": [],
    "gated blocks (LiGR)": ["--gated"],
    "gBCE, 256 negatives": ["--objective", "gbce"],
    "sampled softmax, 1,024 mixed negatives": [
        *("--objective", "sampled-softmax", "--negatives", "1024", "--popularity-share", "0.5"),
        "--in-batch-negatives",
    ],
    "learned positions": ["--positions", "learned"],
    "expansion 4": ["--expansion", "4"],
    "label smoothing 0.1": ["--objective", "full-softmax", "--label-smoothing", "0.1"],
    "item dropout 0.2": ["--item-dropout", "0.2"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with a folder for each set")
    parser.add_argument("--sets", nargs="+", default=["lastfm", "ml-100k", "beauty"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", type=int, default=range(len(VARIANTS)))
    parser.add_argument("--runs", type=Path, default=Path("runs/variants"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    chosen = [list(VARIANTS)[number] for number in arguments.variants]
    for name in arguments.sets:
        runs = {
            variant: {seed: arguments.runs / place(name, variant, seed) for seed in arguments.seeds}
            for variant in chosen
        }
        if not arguments.table:
            for variant, by_seed in runs.items():
                for seed, run in by_seed.items():
                    train(arguments.data / name, run, [*VARIANTS[variant], "--seed", str(seed)])
        print(table(name, runs), flush=True)


def place(name: str, variant: str, seed: int) -> str:
    return f"{name}-{list(VARIANTS).index(variant)}-{seed}"


def table(name: str, runs: dict[str, dict[int, Path]]) -> str:
    lines = [
        f"| {name} | network | mean | blended | mean | epochs |",
        "|---|---|---|---|---|---|",
    ]
    for variant, by_seed in runs.items():
        found = [validation(run) for run in by_seed.values() if (run / "metrics.json").is_file()]
        if found:
            alone, blended, epochs = zip(*found, strict=True)
            cells = [variant, *listed(alone), *listed(blended), ", ".join(map(str, epochs))]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def listed(values: tuple[float, ...]) -> tuple[str, str]:
    return ", ".join(f"{value:.4f}" for value in values), f"{np.mean(values):.4f}"


def validation(run: Path) -> tuple[float, float, int]:
    """Validation NDCG@10 of a run's network, and of the blend, and the epochs it took."""
    metrics = json.loads((run / "metrics.json").read_text())
    with open(run / "history.csv", newline="") as file:
        alone = [float(row["val_ndcg@10"]) for row in csv.DictReader(file)]
    return max(alone), metrics["validation"]["ndcg@10"], len(alone)


if __name__ == "__main__":
    main()
