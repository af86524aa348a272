"""What a refit is worth: the next item after all that the log holds, with and without it.

    python tests/benchmarks/refit.py ../shared/data --sets lastfm ml-100k beauty

Takes every user's last interaction out of a log, runs `python -m seqrec_tf.train --refit` on what
is left, and asks `evaluated.keras` (which knows all but two items more of each user) and
`model.keras` (which knows all that is left) for the item that was taken out. Prints a row a run;
runs that are there are not trained again.
"""

import argparse
import csv
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
import tensorflow as tf
from own_data import MOVIELENS

from seqrec_tf import read_run
from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.comparison import CUTOFF, ndcg, paired
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.ragged import prefix
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.config import DataConfig

HEADER = "| set | seed | queries | HR@10 before | HR@10 refitted | gain | NDCG@10 gain |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with a folder for each set")
    parser.add_argument("--sets", nargs="+", default=["lastfm", "ml-100k", "beauty"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/refit"))
    parser.add_argument("--encoder", default="sasrec", help="of the training")
    arguments = parser.parse_args()
    print(HEADER, "|---" * 7 + "|", sep="\n")
    for name in arguments.sets:
        sequences, ids = whole_log(arguments.data / name)
        log = arguments.runs / f"{name}.csv"
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "w", newline="") as file:
            write_rows(file, sequences[:, :-1], ids)
        for seed in arguments.seeds:
            run = arguments.runs / f"{name}-{seed}"
            train(log, run, ["--seed", str(seed), "--encoder", arguments.encoder])
            print(row(name, seed, read_run(run), sequences, ids), flush=True)


def whole_log(data: Path) -> tuple[tf.RaggedTensor, np.ndarray]:
    """The histories of P1 as item rows, and the raw id of each row from 1."""
    dataset = dataset_of(data)
    return dataset.everything, dataset.catalogue.ids


def dataset_of(data: Path) -> Dataset:
    """P1 of a folder of a data set, as the bare command reads it."""
    if data.name in MOVIELENS:
        return load_dataset(DataConfig(dataset=data.name, data_dir=str(data)))
    return load_dataset(DataConfig(interactions=str(data / "log.csv.gz")))


def write_rows(log: TextIO, sequences: tf.RaggedTensor, ids: np.ndarray) -> None:
    """The interactions of each user, at times 0, 1, 2, ..."""
    writer = csv.writer(log)
    writer.writerow(["user_id", "item_id", "timestamp"])
    for user, history in enumerate(sequences.to_list()):
        writer.writerows([user, ids[item - 1], at] for at, item in enumerate(history))


def train(log: Path, run: Path, flags: list[str]) -> None:
    if (run / "metrics.json").is_file():
        return
    source = ["--interactions", str(log), "--min-item-count", "1", "--run", str(run), "--force"]
    command = [sys.executable, "-m", "seqrec_tf.train", *source, "--refit", *flags]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def row(name: str, seed: int, run: Run, sequences: tf.RaggedTensor, ids: np.ndarray) -> str:
    """Both models on what was taken out; an item that is nowhere else is a miss for both."""
    known = run.catalogue.rows(pd.Series(ids))  # the run's row of each of ours
    rows = tf.constant(np.append(0, known).astype(np.int32))
    last = tf.gather(rows, tf.gather(sequences.flat_values, sequences.row_limits() - 1))
    lengths = sequences.row_lengths()
    histories = tf.gather(rows, prefix(sequences, lengths - 1))
    asked = tf.where(lengths > 3)[:, 0]
    queries = Queries(tf.gather(histories, asked), tf.gather(last, asked))
    before, after = (
        rank(encoder_scorer(encoder), queries, run.catalogue.size).ranks
        for encoder in (run.measured, run.encoder)
    )
    hits = [(ranks < CUTOFF).astype(float) for ranks in (before, after)]
    gain, gain_of_ndcg = paired(hits[1], hits[0]), paired(ndcg(after), ndcg(before))
    cells = [name, seed, len(queries), f"{hits[0].mean():.4f}", f"{hits[1].mean():.4f}"]
    cells += [f"{each.mean:+.4f} +- {each.margin:.4f}" for each in (gain, gain_of_ndcg)]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
