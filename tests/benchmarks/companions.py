"""The better item-item model beside a network, or both: what a choice by validation is worth.

    python tests/benchmarks/companions.py runs/own_data/lastfm-0 runs/own_data/ml-100k-0

Of each run the network is taken, without what it was blended with. `Halves` is the mean over 50
random halves of the validation users: on one half companion and weight are chosen, on the other
they are measured. Then each is chosen on all of validation, and measured on test. Prints a row a
run, all of it NDCG@10.
"""

import argparse
from pathlib import Path

import numpy as np

from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.comparison import ndcg
from seqrec_tf.evaluation.measuring import measure
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.evaluation.simple_models import TUNING_USERS, simple_models
from seqrec_tf.models import Blend, Encoder, load_encoder
from seqrec_tf.models.blend import network_of
from seqrec_tf.runs.directory import MODEL
from seqrec_tf.settings.config_files import read_config
from seqrec_tf.training.blending import WEIGHTS, companion_encoder, companion_rank
from seqrec_tf.training.item_item import narrowed

SPLITS = 50
HEADER = (
    "| run | network | halves: the better one | halves: both | chosen | test: the better one | "
    "test: both, HR@10 | to the best baseline |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    print(HEADER, "|---" * 8 + "|", sep="\n")
    for run in parser.parse_args().runs:
        dataset = load_dataset(read_config(run / "config.json").data)
        print(row(run.name, network_of(load_encoder(run / MODEL)), dataset), flush=True)


def row(name: str, network: Encoder, dataset: Dataset) -> str:
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    blends = candidates(network, dataset, queries)
    values = {key: by_query(blend, queries) for key, blend in blends.items()}
    single = [key for key in blends if key[0] != "both"]
    both = [key for key in blends if key[0] in ("network", "both")]
    everybody = np.arange(len(queries))
    chosen, joint = best(values, single, everybody), best(values, both, everybody)
    metrics = measure(blends[joint], dataset)
    against = metrics.against
    cells = [
        name,
        f"{values['network', 0].mean():.4f}",
        f"{halves(values, single):.4f}",
        f"{halves(values, both):.4f}",
        f"{chosen[0]} x {chosen[1]:g}; {joint[0]} x {joint[1]:g}",
        f"{by_query(blends[chosen], dataset.split.test).mean():.4f}",
        f"{metrics.test['ndcg@10']:.4f}, {metrics.test['hit_rate@10']:.4f}",
        f"{against['baseline']} {against['mean']:+.4f} +- {against['margin']:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def candidates(
    network: Encoder, dataset: Dataset, queries: Queries
) -> dict[tuple[str, float], Encoder]:
    simple = simple_models(dataset)
    groups = {model.name: [model] for model in simple} | {"both": simple}
    blends: dict[tuple[str, float], Encoder] = {("network", 0): network}
    for name, models in groups.items():
        narrow = [narrowed(model, companion_rank(network.items), queries) for model in models]
        companion = companion_encoder(narrow, network, queries)
        for weight in WEIGHTS:
            blends[name, weight] = Blend(network, companion, weight / len(models))
    return blends


def by_query(encoder: Encoder, queries: Queries) -> np.ndarray:
    return ndcg(rank(encoder_scorer(encoder), queries, encoder.items).ranks)


def best(values: dict, keys: list, users: np.ndarray) -> tuple[str, float]:
    return max(keys, key=lambda key: values[key][users].mean())


def halves(values: dict, keys: list) -> float:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(SPLITS):
        users = generator.permutation(len(values[keys[0]]))
        one, other = np.array_split(users, 2)
        found.append(values[best(values, keys, one)][other].mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
