"""The rows of a prepared tensorflow-datasets dataset, as a table that all readers take."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_datasets as tfds

from seqrec_tf.data.tables import Table, row_number
from seqrec_tf.errors import InputError

ROWS = 1 << 16  # interactions read at a time
Features = Mapping[str, Any]


def flat(features: Features, prefix: str = "") -> dict[str, Any]:
    """Feature by name, `a/b` where they are nested."""
    found: dict[str, Any] = {}
    for name, feature in features.items():
        if isinstance(feature, tfds.features.FeaturesDict):
            found |= flat(feature, f"{prefix}{name}/")
        else:
            found[f"{prefix}{name}"] = feature
    return found


def read_rows(
    source: str, builder: tfds.core.DatasetBuilder, features: Features, wanted: list[str]
) -> Table:
    """The wanted features of all splits; rows in the order of the files.

    Args:
        source: what messages call the dataset.
        builder: of its prepared version.
        features: its features, as `flat` gives them.
        wanted: names among them.

    Returns:
        One column a feature: numbers as they are, texts as str, classes by their names.

    Raises:
        InputError: the dataset has no row.
    """
    splits = builder.info.splits
    parts = [part for split in splits for part in _parts(builder, split, features, wanted)]
    if not parts:
        raise InputError(f"{source}: expected interactions. Received: no row of them.")
    frame = pd.DataFrame({name: _joined([part[name] for part in parts]) for name in wanted})
    return Table(source, frame, functools.partial(_place, list(splits.values())))


def _parts(
    builder: tfds.core.DatasetBuilder, split: str, features: Features, wanted: list[str]
) -> Iterator[dict[str, np.ndarray | list]]:
    """The wanted features of one split, so many rows at a time."""
    rows = builder.as_dataset(
        split=split,
        shuffle_files=False,
        # One file after the other: else ties in time would be in the order of a race.
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
        decoders=_skipped(builder.info.features, set(wanted)),
    )
    chosen = rows.map(lambda row: {name: _inner(row, name) for name in wanted})
    for batch in chosen.ragged_batch(ROWS):
        yield {name: _values(features[name], batch[name]) for name in wanted}


def _place(splits: list[tfds.core.SplitInfo], row: int) -> str:
    """Where a row of the splits, one after the other, stands."""
    for split in splits[:-1]:
        if row < split.num_examples:
            return f"split {split.name!r}, {row_number(row)}"
        row -= split.num_examples
    return f"split {splits[-1].name!r}, {row_number(row)}"


def _skipped(features: Features, wanted: set[str], prefix: str = "") -> dict[str, Any]:
    """What is not to be decoded: pictures, say. Lists are: TensorFlow warns where one is not."""
    nested = {
        name: _skipped(feature, wanted, f"{prefix}{name}/")
        if isinstance(feature, tfds.features.FeaturesDict)
        else tfds.decode.SkipDecoding()
        for name, feature in features.items()
        if f"{prefix}{name}" not in wanted and not isinstance(feature, tfds.features.Sequence)
    }
    return {name: decoder for name, decoder in nested.items() if decoder}


def _inner(row: dict, name: str) -> tf.Tensor:
    for part in name.split("/"):
        row = row[part]
    return row


def _values(
    feature: tfds.features.FeatureConnector, batch: tf.Tensor | tf.RaggedTensor
) -> np.ndarray | list:
    """One value a row, or one list a row; classes by their names, bytes as text."""
    ragged = isinstance(batch, tf.RaggedTensor)
    inner = feature.feature if isinstance(feature, tfds.features.Sequence) else feature
    names = inner.names if isinstance(inner, tfds.features.ClassLabel) else None
    if batch.dtype == tf.string or names or ragged or batch.shape.rank > 1:
        rows = batch.to_list() if ragged else batch.numpy().tolist()
        return [_plain(row, names) for row in rows]
    return batch.numpy()


def _plain(value: object, names: list[str] | None) -> object:
    if isinstance(value, list):
        return [_plain(each, names) for each in value]
    if names is not None:
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value  # which the readers of columns refuse, and say where it stands
    return value


def _joined(parts: list[np.ndarray | list]) -> pd.Series:
    if isinstance(parts[0], np.ndarray):
        return pd.Series(np.concatenate(parts))
    return pd.Series([value for part in parts for value in part])
