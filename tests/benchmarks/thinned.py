"""Logs of other shapes, made of those at hand: few users, short histories, few users an item.

    python tests/benchmarks/thinned.py ../shared/data thinned
    python tests/benchmarks/own_data.py thinned --sets ml-1m-610 ml-1m-six beauty-quarter

Writes a folder with a `log.csv.gz` for each of `SHAPES`. What a default does on a kind of data it
was not chosen on is best seen on other people's; these are the next best.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import tensorflow as tf
from refit import whole_log, write_rows

from seqrec_tf.ragged import most_recent

SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with a folder for each set")
    parser.add_argument("output", type=Path, help="where the folders of the new ones go")
    arguments = parser.parse_args()
    for name, (source, thin) in SHAPES.items():
        sequences, ids = whole_log(arguments.data / source)
        file = arguments.output / name / "log.csv.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(file, "wt", newline="") as log:
            write_rows(log, thin(sequences), ids)
        print(file)


def users(sequences: tf.RaggedTensor, count: int) -> tf.RaggedTensor:
    """So many of them, at random."""
    order = np.random.default_rng(SEED).permutation(int(sequences.nrows()))
    return tf.gather(sequences, np.sort(order[:count]))


SHAPES = {
    "ml-1m-610": ("ml-1m", lambda sequences: users(sequences, 610)),
    "ml-1m-six": ("ml-1m", lambda sequences: most_recent(sequences, 6)),
    "beauty-quarter": ("beauty", lambda sequences: users(sequences, int(sequences.nrows()) // 4)),
}


if __name__ == "__main__":
    main()
