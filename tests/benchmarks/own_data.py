"""The bare command on several data sets: NDCG@10 beside the best simple model, seed by seed.

    python tests/benchmarks/own_data.py ../shared/data --sets lastfm beauty ml-100k --seeds 0 1 2

Every training is `python -m seqrec_tf.train` with nothing but the data and `--seed`; what follows
`--` goes to it as well. Prints a row a run, and writes the runs into `--runs`. Hours for all of it;
runs that are there are not trained again.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

MOVIELENS = ("ml-100k", "ml-1m")
HEADER = "| set | seed | NDCG@10 | HR@10 | best baseline | difference | blend weight | minutes |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with a folder for each set")
    parser.add_argument("--sets", nargs="+", default=["lastfm", "ml-100k", "beauty"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs/own_data"))
    own, more = split_flags(sys.argv[1:])
    arguments = parser.parse_args(own)
    print(HEADER, "|---|---|---|---|---|---|---|---|", sep="\n")
    for name in arguments.sets:
        for seed in arguments.seeds:
            run = arguments.runs / f"{name}-{seed}"
            train(arguments.data / name, run, ["--seed", str(seed), *more])
            print(row(name, seed, run), flush=True)


def split_flags(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What comes before `--`, and what comes after it, which is the training's."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def train(data: Path, run: Path, flags: list[str]) -> None:
    if (run / "metrics.json").is_file():
        return
    movielens = data.name in MOVIELENS
    source = ["--dataset", data.name, "--data-dir"] if movielens else ["--interactions"]
    place = data if movielens else data / "log.csv.gz"
    command = [sys.executable, "-m", "seqrec_tf.train", *source, str(place), "--run", str(run)]
    subprocess.run([*command, "--force", *flags], check=True, stdout=subprocess.DEVNULL)


def row(name: str, seed: int, run: Path) -> str:
    metrics = json.loads((run / "metrics.json").read_text())
    against, blend = metrics["against"], metrics.get("blend")
    rival = metrics["baselines"][against["baseline"]]
    seconds = float((run / "history.csv").read_text().splitlines()[-1].rsplit(",", 1)[1])
    cells = [
        name,
        seed,
        f"{metrics['test']['ndcg@10']:.4f}",
        f"{metrics['test']['hit_rate@10']:.4f}",
        f"{against['baseline']} {rival['ndcg@10']:.4f}",
        f"{against['mean']:+.4f} +- {against['margin']:.4f}",
        f"{blend['weight']:g}" if blend else "none",
        f"{seconds / 60:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
