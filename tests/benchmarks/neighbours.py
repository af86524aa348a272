"""EASE on all items, on few neighbours of each, and what narrow factors keep of it.

    python tests/benchmarks/neighbours.py ../shared/data --sets lastfm ml-100k beauty

Prints a row for each number of neighbours (0: all): validation NDCG@10 at the best decay for each
ridge, the seconds of CPU that a fit took, and what is left in `--ranks` dimensions at the better
ridge.
"""

import argparse
import time
from pathlib import Path

from refit import dataset_of

from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import scorer_ndcg
from seqrec_tf.evaluation.simple_models import (
    DECAYS,
    TUNING_USERS,
    SimpleModel,
    histories_of,
    item_item_scorer,
)
from seqrec_tf.similarity import Histories, ease
from seqrec_tf.similarity.linear import RIDGES
from seqrec_tf.training.item_item import narrowed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with a folder for each set")
    parser.add_argument("--sets", nargs="+", default=["lastfm", "ml-100k", "beauty"])
    parser.add_argument("--neighbours", nargs="+", type=int, default=[15, 30, 50, 100, 0])
    parser.add_argument("--ranks", nargs="*", type=int, default=[128, 512])
    arguments = parser.parse_args()
    columns = ["set", "neighbours", *(f"ridge {ridge:g}" for ridge in RIDGES), "CPU"]
    columns += [f"in {dimensions}" for dimensions in arguments.ranks]
    print(f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", sep="\n")
    for name in arguments.sets:
        dataset = dataset_of(arguments.data / name)
        histories = histories_of(dataset.split.training, dataset.catalogue.size)
        queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
        for neighbours in arguments.neighbours:
            cells = row(histories, queries, neighbours or None, arguments.ranks)
            print(f"| {name} | {neighbours or 'all'} | {' | '.join(cells)} |", flush=True)


def row(
    histories: Histories, queries: Queries, neighbours: int | None, ranks: list[int]
) -> list[str]:
    start = time.process_time()
    fits = [ease(histories, ridge, neighbours) for ridge in RIDGES]
    took = (time.process_time() - start) / len(fits)
    models = []
    for fit, ridge in zip(fits, RIDGES, strict=True):
        for decay in DECAYS:
            scorer = item_item_scorer(fit, decay, histories.items)
            ndcg = scorer_ndcg(scorer, queries, histories.items)
            settings = {"ridge": ridge, "decay": decay}
            models.append(SimpleModel("ease", settings, ndcg, fit, histories.counts))
    best = max(models, key=lambda model: model.ndcg)
    of_ridge = [
        max(model.ndcg for model in models if model.settings["ridge"] == ridge) for ridge in RIDGES
    ]
    left = [narrowed(best, dimensions, queries).ndcg for dimensions in ranks]
    return [
        *(f"{ndcg:.4f}" for ndcg in of_ridge),
        f"{took:.1f}",
        *(f"{ndcg:.4f}" for ndcg in left),
    ]


if __name__ == "__main__":
    main()
