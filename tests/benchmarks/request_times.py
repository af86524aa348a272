"""What a model that reads times (`--time-bias`) is worth where a request says less of them.

    python tests/benchmarks/request_times.py runs/timed [runs/another]

NDCG@10 and HR@10 of the validation and the test queries, asked with all times, without the moment
of the request, and without any. Prints a Markdown table.
"""

import dataclasses
import sys
from pathlib import Path

import tensorflow as tf

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.runs.dataset import dataset_of_run
from seqrec_tf.runs.directory import read_run


def without_now(queries: Queries) -> Queries:
    """The same, in which it is unknown when the target was asked for."""
    last = queries.times.row_limits()[:, tf.newaxis] - 1
    values = queries.times.flat_values
    unknown = tf.zeros([len(queries)], values.dtype)
    times = queries.times.with_flat_values(tf.tensor_scatter_nd_update(values, last, unknown))
    return dataclasses.replace(queries, times=times)


def main() -> None:
    """Measure the runs that are named."""
    print("| run | queries | all times | no now | none |\n|---|---|---|---|---|")
    for path in map(Path, sys.argv[1:]):
        run = read_run(path)
        split, items = dataset_of_run(run).split, run.catalogue.size
        scorer = encoder_scorer(run.measured)
        for name in ("validation", "test"):
            queries = getattr(split, name)
            asked = (queries, without_now(queries), dataclasses.replace(queries, times=None))
            figures = [rank(scorer, each, items).metrics(items) for each in asked]
            cells = [f"{f['ndcg@10']:.4f} / {f['hit_rate@10']:.4f}" for f in figures]
            print(f"| {path.name} | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
