"""Training on from another run's weights, on purpose: `--continue-from`."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.dataset import Dataset
from seqrec_tf.data.protocols import protocol_label
from seqrec_tf.errors import InputError, warn
from seqrec_tf.models import Encoder, ItemItem
from seqrec_tf.models.blend import network_of
from seqrec_tf.runs.directory import Run, read_run
from seqrec_tf.settings.config import DataConfig


def read_start(path: str, dataset: Dataset) -> Run:
    """The run to start from, if its figures on the new data would be honest.

    What it was trained on must not be held out now: the split is made as it was, and a cut in
    time does not lie before the old one.

    Raises:
        InputError: no finished run, one without a network, another split, or no item that it
            knows.
    """
    run = read_run(Path(path))
    _require_network(run)
    before, now = _split_of(run.config.data), _split_of(dataset.config)
    if before != now:
        raise InputError(
            f"--protocol: {path} was trained under {before}, and would be tested on what it was "
            f"trained on; expected the same protocol and filters. Received: {now}."
        )
    first, again = _cut(run.config.data), _cut(dataset.config)
    if again < first:
        raise InputError(
            f"--validation-from: {path} was trained on what is before {first:.17g}; expected a cut "
            f"that is not earlier. Received: {again:.17g}."
        )
    if run.log and dataset.log.last_time < run.log.last_time:
        warn(
            f"{dataset.source} ends at {dataset.log.last_time}, and {path} was trained on a log "
            f"that ended at {run.log.last_time}: it may know what it is tested on"
        )
    known = int((_old_rows(run.catalogue, dataset.catalogue) > 0).sum())
    if not known:
        raise InputError(
            f"--continue-from: expected data with items of {path}. Received: none of the "
            f"{dataset.catalogue.size} items of {dataset.source}."
        )
    print(
        f"continuing from {path}: {known:,} of {run.catalogue.size:,} items carried over, "
        f"{dataset.catalogue.size - known:,} are new",
        file=sys.stderr,
    )
    return run


def _require_network(run: Run) -> None:
    if isinstance(run.measured, ItemItem):
        raise InputError(
            f"--continue-from: expected a run with a network, since an item-item model is computed "
            f"anew in seconds. Received: {run.path}, which --encoder auto has made one of "
            f"{run.config.encoder.encoder}."
        )


def carry_over(run: Run, encoder: Encoder, catalogue: Catalogue) -> None:
    """Give `encoder` the run's weights, an item's rows by its id; new items keep their own.

    Args:
        run: with an encoder of the same settings.
        encoder: fresh, of the items in `catalogue`.
        catalogue: its items.
    """
    source = np.concatenate([[0], _old_rows(run.catalogue, catalogue)])
    kept = np.append(True, source[1:] > 0)  # padding, and items that the run knows
    tables = {id(variable) for variable in _item_tables(encoder)}
    for old, new in zip(network_of(run.measured).weights, encoder.weights, strict=True):
        if id(new) in tables:
            values = new.numpy().copy()
            values[kept] = old.numpy()[source[kept]]
            new.assign(values)
        else:
            new.assign(old.numpy())


def _item_tables(encoder: Encoder) -> list:
    layers = {
        id(layer): layer
        for layer in vars(encoder).values()
        if getattr(layer, "input_dim", None) == encoder.items + 1
    }
    return [variable for layer in layers.values() for variable in layer.weights]


def _old_rows(old: Catalogue, new: Catalogue) -> np.ndarray:
    """The run's row of each new item, 0 for none; ids are compared by their text."""
    texts = (pd.Index([str(raw) for raw in each.ids], dtype=object) for each in (old, new))
    known, wanted = texts
    return known.get_indexer(wanted) + 1


def _split_of(config: DataConfig) -> str:
    return protocol_label(dataclasses.replace(config, repeats=False))


def _cut(config: DataConfig) -> float:
    """Where validation begins under PT; 0 under other protocols."""
    return (config.validation_from or 0.0) if config.protocol == "PT" else 0.0
