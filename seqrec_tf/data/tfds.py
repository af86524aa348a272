"""Read a dataset that tensorflow-datasets has prepared: `--tfds NAME`, offline.

Any builder will do whose features name a user, an item and a time. It is read from the files of its
prepared version, never downloaded and never run, so its code need not be installed. Values then
take the way of a person's own log: the same ids, times, notices and errors.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow_datasets as tfds

from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.logs import (
    as_frame,
    item_labels,
    named_columns,
    read_labels,
    reject_repeated,
    served_name,
)
from seqrec_tf.data.tfds_folders import find_version
from seqrec_tf.data.tfds_rows import flat, read_rows
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

# What the features of public datasets are called, where the flag was left as it is.
OTHER_NAMES = {
    "user_column": ("user", "customer_id"),
    "item_column": ("movie_id", "product_id", "item"),
    "time_column": ("time", "date"),
    "title_column": ("movie_title", "item_title", "product_title"),
}


def load_tfds(source: str, config: DataConfig) -> Interactions:
    """Read a prepared dataset, all of its splits, one after the other.

    Args:
        source: its name, as `config.tfds`.
        config: `data_dir` or None for tensorflow-datasets' own folder, and the features
            (`a/b` for a feature `b` of `a`). Titles are a feature, or in the file `titles`.

    Returns:
        As `seqrec_tf.data.logs.load_logs`.

    Raises:
        InputError: no such dataset, feature or value; the message names it.
    """
    folder = find_version(source, config.data_dir)
    with _guarded(source):
        builder = tfds.builder_from_directory(folder)
    features = flat(builder.info.features)
    config = _with_names(config, features)
    columns = named_columns(config)
    labels = {} if config.titles else _label_columns(config, features)
    reject_repeated(columns | {f"--{what}-column": name for what, name in labels.items()})
    for flag, name in columns.items():
        _require_scalar(source, flag, name, features)
    wanted = [*columns.values(), *labels.values()]
    with _guarded(source):
        table = read_rows(source, builder, features, wanted)
    frame = as_frame(table, config)
    if config.titles:
        known = read_labels(config, frame["item"])
    else:
        known = item_labels(table, config.item_column, frame["item"], labels)
    name = served_name(config)
    return Interactions(frame, known["title"], name, source, known.get("category"))


@contextmanager
def _guarded(source: str) -> Iterator[None]:
    """Whatever the library finds wrong with the files is one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - its errors are of all kinds
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"{source}: expected a dataset that tensorflow-datasets can read. "
            f"Received: {type(error).__name__}: {said}"
        ) from error


def _with_names(config: DataConfig, features: dict[str, Any]) -> DataConfig:
    """The configuration with the features' names where the flags' defaults name none."""
    none = DataConfig()
    found: dict[str, Any] = {}
    for field, names in OTHER_NAMES.items():
        given = getattr(config, field)
        if given == getattr(none, field) and given not in features:
            found[field] = next((name for name in names if name in features), given)
    if config.titles:
        found.pop("title_column", None)  # it is a column of that file
    return dataclasses.replace(config, **found)


def _label_columns(config: DataConfig, features: dict[str, Any]) -> dict[str, str]:
    """Features with titles and categories; a title may be missing where none was named."""
    labels = {"title": config.title_column, "category": config.category_column}
    if config.title_column == DataConfig.title_column and config.title_column not in features:
        del labels["title"]
    for what, name in labels.items():
        if name is not None and name not in features:
            raise _no_feature(f"--tfds {config.tfds}", f"--{what}-column", name, features)
    return {what: name for what, name in labels.items() if name is not None}


def _require_scalar(source: str, flag: str, name: str, features: dict[str, Any]) -> None:
    if name not in features:
        raise _no_feature(source, flag, name, features)
    if features[name].shape != ():
        raise InputError(
            f"{source}, feature {name!r}: expected one value an interaction ({flag} names "
            f"another). Received: {type(features[name]).__name__} of shape {features[name].shape}."
        )


def _no_feature(source: str, flag: str, name: str, features: dict[str, Any]) -> InputError:
    return InputError(
        f"{source}: expected a feature {name!r} ({flag} names another). "
        f"Received: {', '.join(sorted(features))[:200]}."
    )
