"""Train a run directory, or train on: from data that is read to a run that is complete.

Whatever is wrong with settings or data is told before TensorFlow is loaded, which takes seconds,
and before anything is written.
"""

import dataclasses
import functools
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from seqrec_tf.json_files import write_json
from seqrec_tf.runs.changes import Claim, claimed
from seqrec_tf.runs.directory import (
    ITEMS,
    LOG,
    default_run,
    environment,
    point_latest,
    read_log,
    require_free,
    resolve_run,
)
from seqrec_tf.runs.search import chosen_settings
from seqrec_tf.screen import loading_tensorflow
from seqrec_tf.settings.adaptive import adapted
from seqrec_tf.settings.candidates import reads_times
from seqrec_tf.settings.config import CLOSED_FORM, DataConfig, RunConfig, Sections, override
from seqrec_tf.settings.config_files import with_asked
from seqrec_tf.training.duration import STATE, Duration, require_resumable, resumed_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from seqrec_tf.data.dataset import Dataset
    from seqrec_tf.runs.directory import Run
    from seqrec_tf.settings.config import TrainingConfig


def write_run(config: RunConfig, path: Path | None = None, *, force: bool = False) -> Path:
    """Train as `config` says, into a new run directory, which `runs/latest` then means.

    Args:
        config: every setting; "auto" and None where the data decides.
        path: the run directory; None for `runs/<data>-<encoder>-<time>`.
        force: replace a run that is there.

    Returns:
        The finished run directory.

    Raises:
        InputError: settings or data that do not make sense; nothing is written then.
    """
    chosen = default_run(config) if path is None else resolve_run(path)
    require_free(chosen, force)
    with claimed(chosen) as claim:
        dataset = _dataset(config.data)
        duration = Duration(config.training, _stretch(config, dataset)(config.training))
        config, asked = _in_force(config, dataset, duration)
        if reads_times(config):
            _require_times(dataset)
        start = _start(config, dataset)
        another = functools.partial(default_run, asked) if path is None else None
        with claim.created(force, another) as folder:
            write_json(folder / "config.json", with_asked(config, asked))
            write_json(folder / "environment.json", environment(start))
            write_json(folder / LOG, dataset.log.as_dict())
            dataset.catalogue.write(folder / ITEMS)
        _fit(claim, config, asked, duration, dataset, start)
    return claim.path


def resume_run(path: Path | None, given: Sections) -> Path:
    """Train on where the training of a run stopped.

    Args:
        path: the run directory; None if none was named, which is refused.
        given: section -> field -> value: what to change of `seqrec_tf.settings.config.RESUMABLE`;
            other settings must be as they are.

    Returns:
        The finished run directory.

    Raises:
        InputError: no run that can be continued, other settings, or other data.
    """
    path = require_resumable(None if path is None else resolve_run(path))
    config, kept = resumed_config(path, given)
    with claimed(path) as claim:
        dataset = _dataset(config.data)
        from seqrec_tf.runs.dataset import require_same_log

        require_same_log(claim.path, *read_log(claim.path), dataset, reads_times(config))
        duration = kept.prolonged(given.get("training", {}), _stretch(config, dataset))
        config, asked = _in_force(config, dataset, duration)
        if (claim.path / STATE).is_file():  # a search is over, if there was one
            config = override(config, chosen_settings(claim.path))
        _fit(claim, config, asked, duration, dataset)
    return claim.path


def _dataset(config: DataConfig) -> "Dataset":
    from seqrec_tf.data.protocols import read_filtered  # pandas, not for --help

    filtered = read_filtered(config)
    loading_tensorflow()
    from seqrec_tf.data.dataset import build_dataset

    return build_dataset(*filtered)


def _stretch(config: RunConfig, dataset: "Dataset") -> "Callable[[TrainingConfig], TrainingConfig]":
    """What gives the settings in force on this data."""
    from seqrec_tf.training.pipeline import stretched

    return functools.partial(stretched, encoder=config.encoder, histories=dataset.split.training)


def _in_force(
    asked: RunConfig, dataset: "Dataset", duration: Duration
) -> tuple[RunConfig, RunConfig]:
    """The settings in force, and those that give the same again."""
    config = dataclasses.replace(asked, data=dataset.config, training=duration.in_force)
    catalogue = dataset.catalogue
    return (
        adapted(config, catalogue.size, int(catalogue.counts.sum())),
        dataclasses.replace(asked, training=duration.to_repeat),
    )


def _require_times(dataset: "Dataset") -> None:
    from seqrec_tf.training.required_times import require_times

    require_times(dataset)


def _start(config: RunConfig, dataset: "Dataset") -> "Run | None":
    if config.training.continue_from is None:
        return None
    from seqrec_tf.training.continuing import read_start

    return read_start(config.training.continue_from, dataset)


def _fit(
    claim: Claim,
    config: RunConfig,
    asked: RunConfig,
    duration: Duration,
    dataset: "Dataset",
    start: "Run | None" = None,
) -> None:
    from seqrec_tf.training.fitting import compute_and_write, fit_and_write

    with redirect_stdout(sys.stderr):
        if config.encoder.encoder in CLOSED_FORM:
            compute_and_write(claim, config, asked, dataset)
        else:
            fit_and_write(claim, config, asked, duration, dataset, start)
    point_latest(claim.path)
