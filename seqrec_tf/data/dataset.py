"""From an interactions table to ragged histories, indexed and split."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.log_digest import LogDigest, digest_of
from seqrec_tf.data.notices import say_unnamed
from seqrec_tf.data.protocols import protocol_label, read_filtered
from seqrec_tf.data.splits import Split, leave_one_out_ends, split_at, time_ends
from seqrec_tf.errors import InputError
from seqrec_tf.ragged import drop_padding, drop_padding_of, prefix
from seqrec_tf.settings.config import DataConfig

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Dataset:
    """Histories, split; what every later step of a run starts from.

    Attributes:
        catalogue: the items, with counts of the training part.
        split: ragged training histories and evaluation queries, in item rows.
        config: the configuration with every "auto" and default resolved.
        protocol: the protocol's name for tables and metrics, with deviating filters.
        log: what the log is known by.
        source: what error messages call the log.
        everything: ragged (users, None) int32 item rows of all interactions, held out ones too;
            those with items that the catalogue does not have are left out.
        everything_times: ragged (users, None) int64, of each of them.
        recent: (items,) int64, interactions of each item among the newest tenth of the training
            part.
    """

    catalogue: Catalogue
    split: Split
    config: DataConfig
    protocol: str
    log: LogDigest
    source: str
    everything: tf.RaggedTensor
    everything_times: tf.RaggedTensor
    recent: np.ndarray


def load_dataset(config: DataConfig) -> Dataset:
    """Read, filter, sort, index and split.

    Raises:
        InputError: unreadable data, or nothing left to train on or to evaluate.
    """
    return build_dataset(*read_filtered(config))


def build_dataset(config: DataConfig, interactions: Interactions) -> Dataset:
    """Index and split interactions that are filtered and sorted.

    Raises:
        InputError: nothing left to train on or to evaluate.
    """
    table = interactions.table
    config = _resolve(config, interactions.id_name, table)
    row_splits = _user_row_splits(table["user"])
    times = tf.RaggedTensor.from_row_splits(table["time"].to_numpy(np.float64), row_splits)
    cuts = _cuts(config)
    training_end, validation_end = _ends(cuts, times)
    # Under PT the items of the future are not known yet.
    known = table["time"] < cuts[0] if cuts else slice(None)
    catalogue = Catalogue.from_items(
        table["item"][known],
        interactions.titles,
        interactions.id_name,
        interactions.categories,
    )
    say_unnamed(config, catalogue, interactions.titles)
    rows = tf.RaggedTensor.from_row_splits(catalogue.rows(table["item"]), row_splits)
    whole = times.with_flat_values(tf.cast(tf.floor(times.flat_values), tf.int64))
    split = split_at(rows, whole, training_end, validation_end, config.repeats)
    _require_usable(split, interactions.source, config)
    counts = np.bincount(split.training.flat_values.numpy(), minlength=catalogue.size + 1)[1:]
    catalogue = dataclasses.replace(catalogue, counts=counts.astype(np.int64))
    ends, label = (training_end.numpy(), validation_end.numpy()), protocol_label(config)
    log = digest_of(table, ends, label, cuts)
    recent = _recent_counts(times, training_end, rows, catalogue.size)
    return Dataset(
        catalogue=catalogue,
        split=split,
        config=config,
        protocol=label,
        log=log,
        source=interactions.source,
        everything=drop_padding(rows),
        everything_times=drop_padding_of(rows, whole),
        recent=recent,
    )


def _recent_counts(
    times: tf.RaggedTensor, training_end: tf.Tensor, rows: tf.RaggedTensor, items: int
) -> np.ndarray:
    """Interactions of each item, (items,), among the newest tenth of the training part."""
    trained = prefix(rows, training_end).flat_values.numpy()
    times = prefix(times, training_end).flat_values.numpy()
    newest = times >= np.quantile(times, 0.9, method="lower")
    return np.bincount(trained[newest], minlength=items + 1)[1:].astype(np.int64)


def _resolve(config: DataConfig, id_name: str, table: pd.DataFrame) -> DataConfig:
    id_type = "int64" if table["item"].dtype == np.int64 else "string"
    config = dataclasses.replace(config, id_type=id_type, id_name=id_name)
    if config.protocol != "PT":
        return config
    first, second = _time_cuts(config, table["time"])
    return dataclasses.replace(config, validation_from=first, test_from=second)


def _time_cuts(config: DataConfig, times: pd.Series) -> tuple[float, float]:
    """The two cuts of PT; by default 80 % and 90 % of the interactions lie before them.

    Rounded down, as those that PT is defined with on ml-1m. Cuts that are given win: those of a
    run, which are in its configuration, stay where they were.
    """
    if config.test_days is not None:
        early, late = _days(config.test_days, times)
    else:
        early, late = np.quantile(times, [0.8, 0.9], method="lower")
    first = early if config.validation_from is None else config.validation_from
    second = late if config.test_from is None else config.test_from
    if first >= second:
        raise InputError(
            f"--test-from: expected a time after --validation-from {first:.0f}. "
            f"Received: {second:.0f}."
        )
    return float(first), float(second)


def _days(days: float, times: pd.Series) -> tuple[float, float]:
    """Where the last but one and the last period of so many days begin."""
    newest, oldest = float(times.max()), float(times.min())
    early, late = newest - 2 * days * SECONDS_A_DAY, newest - days * SECONDS_A_DAY
    if early <= oldest:
        raise InputError(
            f"--test-days: expected fewer days than half of the log, whose times, in seconds, are "
            f"from {oldest:.0f} to {newest:.0f} ({(newest - oldest) / SECONDS_A_DAY:.1f} days). "
            f"Received: {days:g}."
        )
    # The log's newest moment belongs to the last period, and so many days before it do not.
    return float(np.nextafter(early, np.inf)), float(np.nextafter(late, np.inf))


def _cuts(config: DataConfig) -> list[float]:
    """The two cuts of a resolved configuration under PT; none under other protocols."""
    if config.protocol != "PT":
        return []
    return [cut for cut in (config.validation_from, config.test_from) if cut is not None]


def _user_row_splits(users: pd.Series) -> np.ndarray:
    """Row splits (users + 1,) int64 of a table sorted by user."""
    users = users.to_numpy()
    starts = np.flatnonzero(users[1:] != users[:-1]) + 1
    return np.concatenate([[0], starts, [len(users)]]).astype(np.int64)


def _ends(cuts: list[float], times: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
    if cuts:
        return time_ends(tf.cast(times, tf.float64), *cuts)
    return leave_one_out_ends(times.row_lengths())


def _require_usable(split: Split, source: str, config: DataConfig) -> None:
    for name in ("validation", "test"):
        if not len(getattr(split, name)):
            raise InputError(
                f"{source}: no user has a {name} target under {config.protocol}; expected users "
                "with at least 3 interactions (PT: interactions on both sides of the cuts)."
            )
    if tf.reduce_max(split.training.row_lengths()) < 2:
        raise InputError(
            f"{source}: no user has 2 interactions in the training part under {config.protocol}, "
            "so there is no next item to learn from; expected users with at least 4 interactions "
            "(PT: 2 before the first cut)."
        )
