"""The dataset of a run, read anew, if it still is what the run was trained on."""

import dataclasses
from pathlib import Path

import numpy as np

from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.log_digest import ChangedLogError, LogDigest, changes
from seqrec_tf.errors import warn
from seqrec_tf.runs.directory import Run


def dataset_of_run(run: Run, data_dir: str | None = None) -> Dataset:
    """A run's dataset, read anew.

    Args:
        run: whose configuration says where the data is.
        data_dir: read MovieLens from here instead.

    Raises:
        ChangedLogError: the data is not what the run was trained on.
        InputError: the data is not there.
    """
    config = run.config.data
    dataset = load_dataset(dataclasses.replace(config, data_dir=data_dir) if data_dir else config)
    timed = run.config.encoder.time_bias
    require_same_log(run.path, run.log, run.catalogue.ids, dataset, timed)
    return dataset


def require_same_log(
    path: Path,
    kept: LogDigest | None,
    known: np.ndarray | None,
    dataset: Dataset,
    timed: bool = False,
) -> None:
    """Refuse another log than the one that a run was trained on.

    Args:
        path: the run directory.
        kept: what the run keeps of its log; None if it is older than that, which is said.
        known: the run's item ids; None if they are not there yet.
        dataset: of the log now.
        timed: whether the run's encoder reads times.

    Raises:
        ChangedLogError: it is another one.
    """
    found = dataset.catalogue.ids
    if kept is None:
        warn(
            f"{path}: trained before runs kept a digest of their log; whether {dataset.source} is "
            "that log is seen by its item ids only"
        )
    elif changed := changes(kept, dataset.log, known, found, timed):
        raise ChangedLogError(
            f"{path}: expected the log that it was trained on; the data has changed since "
            f"training, and its figures would be of what it has learnt, or of nothing. Received: "
            f"{dataset.source}, {changed}. To train on with new data: --continue-from {path}."
        )
    if known is not None and not np.array_equal(found, known):
        raise ChangedLogError(
            f"{path / 'items.csv'}: expected the catalogue of the data, {len(found)} items. "
            f"Received: {len(known)} items or other ids; the data has changed since training."
        )
