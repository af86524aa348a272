"""What few dimensions keep of the companions, and of the blend: with and without emphasis.

    python tests/benchmarks/narrowing.py runs/own_data/lastfm-0 --ranks 128 256

Of each run the network is taken, without what it was blended with. Prints a row for each rank, with
the errors of all items alike (emphasis 0) and with the emphasis that validation chooses: NDCG@10 of
each companion by itself, and of the blend at its best weight, all on validation; then NDCG@10 and
HR@10 of that blend on test, which chooses nothing; and the seconds of CPU that the choice took. A
last row has what the whole matrices would give, which are no encoder.
"""

import argparse
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tensorflow as tf

from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.splits import Queries
from seqrec_tf.evaluation.ranking import Scorer, encoder_ndcg, encoder_scorer, rank, scorer_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel, simple_models
from seqrec_tf.models import Encoder, load_encoder
from seqrec_tf.models.blend import network_of
from seqrec_tf.runs.directory import MODEL
from seqrec_tf.settings.config_files import read_config
from seqrec_tf.training import blending, item_item

HEADER = "| run | network | rank | emphasis | companions | weight | blended | test | CPU |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--ranks", type=int, nargs="+", default=blending.RANKS)
    parser.add_argument("--emphases", type=float, nargs="+", default=item_item.EMPHASES)
    arguments = parser.parse_args()
    print(HEADER, "|---" * 9 + "|", sep="\n")
    for run in arguments.runs:
        dataset = load_dataset(read_config(run / "config.json").data)
        network = network_of(load_encoder(run / MODEL))
        simple = simple_models(dataset)
        for dimensions in arguments.ranks:
            for powers in ((0.0,), tuple(arguments.emphases)):
                print(row(run.name, network, dataset, simple, dimensions, powers), flush=True)
        print(whole_row(run.name, network, dataset, simple), flush=True)


def row(
    name: str,
    network: Encoder,
    dataset: Dataset,
    simple: list[SimpleModel],
    dimensions: int,
    powers: tuple[float, ...],
) -> str:
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    with patch.object(item_item, "EMPHASES", powers):
        narrow = [item_item.narrowed(model, dimensions, queries) for model in simple]
        start = time.process_time()
        with patch.object(blending, "companion_rank", lambda items: dimensions):
            blended, said = blending.blend(network, dataset, simple)
        took = time.process_time() - start
    cells = [
        name,
        f"{encoder_ndcg(network, queries):.4f}",
        dimensions,
        ", ".join(f"{each.model.settings['emphasis']:g}" for each in narrow),
        ", ".join(f"{each.model.name} {each.ndcg:.4f} of {each.model.ndcg:.4f}" for each in narrow),
        f"{said.weight:g}" if said else "none",
        f"{said.blended:.4f}" if said else "",
        test_figures(encoder_scorer(blended), dataset),
        f"{took:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def whole_row(name: str, network: Encoder, dataset: Dataset, simple: list[SimpleModel]) -> str:
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    items = network.items
    own, parts = encoder_scorer(network), [unit_scorer(each, queries, items) for each in simple]

    def blended(weight: float) -> Scorer:
        return lambda histories, times=None: (
            own(histories, times) + weight / len(parts) * sum(part(histories) for part in parts)
        )

    found = {weight: scorer_ndcg(blended(weight), queries, items) for weight in blending.WEIGHTS}
    weight = max(found, key=found.__getitem__)
    cells = [name, f"{encoder_ndcg(network, queries):.4f}", "whole", ""]
    cells += [", ".join(f"{each.name} {each.ndcg:.4f}" for each in simple), f"{weight:g}"]
    cells += [f"{found[weight]:.4f}", test_figures(blended(weight), dataset), ""]
    return f"| {' | '.join(cells)} |"


def unit_scorer(model: SimpleModel, queries: Queries, items: int) -> Scorer:
    """Of a whole model, its best scores 1 in the mean of these queries, as a companion's are."""
    scorer = model.scorer(items)
    parts = [queries.histories[first : first + 256] for first in range(0, len(queries), 256)]
    scale = np.mean(np.concatenate([tf.reduce_max(scorer(part), axis=1) for part in parts]))
    return lambda histories, times=None: scorer(histories) / scale


def test_figures(scorer: Scorer, dataset: Dataset) -> str:
    items = dataset.catalogue.size
    found = rank(scorer, dataset.split.test, items).metrics(items)
    return f"{found['ndcg@10']:.4f} / {found['hit_rate@10']:.4f}"


if __name__ == "__main__":
    main()
