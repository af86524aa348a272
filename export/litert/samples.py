"""Samples for which a LiteRT file is quantised, and on which it is compared, in raw ids."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.log_digest import ChangedLogError
from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import Run

REPRESENTATIVE = 200
COMPARED = 2000  # about 5 s; the standard error of a difference in NDCG@10 is some 0.4 % of it
SEED = 0


@dataclass(frozen=True)
class Samples:
    """Two samples of histories, drawn with a fixed seed.

    Attributes:
        representative: histories of any length, for the ranges of activations.
        compared: histories on which answers are compared.
        targets: what came next after each of those; None where nobody knows.
        source: where they are from, in words.
        warnings: what the reader of a comparison should know, in words.
    """

    representative: list[list]
    compared: list[list]
    targets: list | None
    source: str
    warnings: tuple[str, ...] = ()


def samples_for(run: Run, mode: str, dataset: Callable[[], Dataset]) -> Samples | None:
    """What quantising a run in a mode needs; None for `none`.

    Args:
        run: a finished run.
        mode: of `export.litert.modes`.
        dataset: reads the run's dataset.

    Raises:
        ChangedLogError: the run's data is not what it was trained on.
        InputError: the run's data cannot be read, and the mode is int8, which needs it. The others
            are then compared on histories drawn by popularity.
    """
    if mode == "none":
        return None
    try:
        return run_samples(run, dataset())
    except ChangedLogError:
        raise
    except (InputError, OSError) as error:
        if mode == "int8":
            raise InputError(
                f"--quantize int8: expected the histories that {run.path} was trained on; float16 "
                f"and dynamic do without. Received: {error}"
            ) from None
        drawn = drawn_samples(run.catalogue, run.config.encoder.window)
        said = f"NDCG was not measured, because the run's data cannot be read: {error}"
        return dataclasses.replace(drawn, warnings=(said,))


def run_samples(run: Run, dataset: Dataset, compared: int = COMPARED) -> Samples:
    """Of a run: its training part, cut at any place, and its test queries.

    Args:
        run: a finished run.
        dataset: its dataset.
        compared: how many test queries; 0 for all of them.
    """
    generator = np.random.default_rng(SEED)
    training = [history for history in dataset.split.training.to_list() if history]
    users = generator.permutation(len(training))[:REPRESENTATIVE]
    cut = [training[u][: generator.integers(1, len(training[u]) + 1)] for u in users]
    queries = dataset.split.test.sample(compared, SEED)
    return Samples(
        representative=_raw(run.catalogue, cut),
        compared=_raw(run.catalogue, queries.histories.to_list()),
        targets=_raw(run.catalogue, [queries.targets.numpy().tolist()])[0],
        source=f"{len(queries):,} of {len(dataset.split.test):,} test users of "
        f"{dataset.protocol}{', which the model has learnt from' if run.metrics.refit else ''}, "
        f"seed {SEED}",
    )


def drawn_samples(catalogue: Catalogue, window: int) -> Samples:
    """For an encoder without histories of its own: items drawn by their popularity.

    Args:
        catalogue: its items; without counts all are as popular.
        window: half of the greatest length.
    """
    generator = np.random.default_rng(SEED)
    popularity = catalogue.popularity()[1:].astype(np.float64)
    shares = popularity / popularity.sum() if popularity.any() else None

    def draw(count: int) -> list[list]:
        lengths = generator.integers(1, 2 * window + 1, count)
        return [generator.choice(catalogue.ids, n, p=shares).tolist() for n in lengths]

    source = f"{COMPARED:,} histories drawn by popularity, seed {SEED}"
    return Samples(draw(REPRESENTATIVE), draw(COMPARED), None, source)


def _raw(catalogue: Catalogue, rows: list[list[int]]) -> list[list]:
    ids = np.array([catalogue.padding, *catalogue.ids.tolist()], catalogue.ids.dtype)
    return [ids[each].tolist() for each in rows]
