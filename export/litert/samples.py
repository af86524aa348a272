"""Samples for which a LiteRT file is quantised, and on which it is compared, in raw ids."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.log_digest import ChangedLogError
from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import Run

REPRESENTATIVE = 200
COMPARED = 2000  # about 5 s; the standard error of a difference in NDCG@10 is some 0.4 % of it
SEED = 0


class Asked(NamedTuple):
    """What one person asks: raw ids, and when they were and it is; empty and 0 if unknown."""

    ids: list
    timestamps: Sequence[int] = ()
    now: int = 0


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

    representative: list[Asked]
    compared: list[Asked]
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
    split = dataset.split
    times = split.times.to_list() if split.times is not None else []
    training = [(h, t) for h, t in zip(split.training.to_list(), times, strict=True) if h]
    users = generator.permutation(len(training))[:REPRESENTATIVE]
    ends = [int(generator.integers(1, len(training[u][0]) + 1)) for u in users]
    # Asked when the next item came, or at the last item's time where that is the end.
    cut = [
        (rows[:end], seen[: end + 1] if end < len(seen) else [*seen, seen[-1]])
        for end, (rows, seen) in zip(ends, (training[u] for u in users), strict=True)
    ]
    queries = split.test.sample(compared, SEED)
    asked = queries.times.to_list() if queries.times is not None else []
    return Samples(
        representative=_asked(run.catalogue, *zip(*cut, strict=True)),
        compared=_asked(run.catalogue, queries.histories.to_list(), asked),
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

    def draw(count: int) -> list[Asked]:
        lengths = generator.integers(1, 2 * window + 1, count)
        return [Asked(generator.choice(catalogue.ids, n, p=shares).tolist()) for n in lengths]

    source = f"{COMPARED:,} histories drawn by popularity, seed {SEED}"
    return Samples(draw(REPRESENTATIVE), draw(COMPARED), None, source)


def _asked(
    catalogue: Catalogue, histories: Sequence[list[int]], times: Sequence[list[int]]
) -> list[Asked]:
    """Of rows, with times of one more than there are rows."""
    rows = zip(_raw(catalogue, histories), times, strict=True)
    return [Asked(ids, each[:-1], each[-1]) for ids, each in rows]


def _raw(catalogue: Catalogue, rows: Sequence[list[int]]) -> list[list]:
    ids = np.array([catalogue.padding, *catalogue.ids.tolist()], catalogue.ids.dtype)
    return [ids[each].tolist() for each in rows]
