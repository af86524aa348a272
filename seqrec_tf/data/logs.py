"""Read a person's own interaction log, and the titles that belong to it."""

import numpy as np
import pandas as pd

from seqrec_tf.config import DataConfig
from seqrec_tf.data.columns import as_ids, as_ratings, as_seconds
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.tables import Table, read_table
from seqrec_tf.errors import InputError

LOWEST_USER = -(2**63)
"""Users are never looked up by the served graph, so any int64 may name one."""


def load_logs(config: DataConfig) -> Interactions:
    """Read the log that `config.interactions` names.

    Args:
        config: the file, its columns, the titles file and the type of the item ids.

    Returns:
        The log in the order of the file: user int64 or str, item int64 or str (`config.id_type`),
        time int64 or float64 (unix seconds where the file has dates), rating float32 if
        `config.rating_column` is set. Titles may be fewer than the items.

    Raises:
        InputError: a file, line or value that cannot be read; the message names it.
    """
    columns = {
        "--user-column": config.user_column,
        "--item-column": config.item_column,
        "--time-column": config.time_column,
    }
    if config.rating_column is not None:
        columns["--rating-column"] = config.rating_column
    reject_repeated(columns)
    table = read_table(config.interactions, columns, "--interactions")
    values = {
        "user": as_ids(table, config.user_column, lowest=LOWEST_USER),
        "item": as_ids(table, config.item_column, config.id_type),
        "time": as_seconds(table, config.time_column),
    }
    if config.rating_column is not None:
        values["rating"] = as_ratings(table, config.rating_column)
    frame = pd.DataFrame(values)
    titles = _load_titles(config, frame["item"])
    return Interactions(frame, titles, _id_name(config), str(config.interactions))


def reject_repeated(columns: dict[str, str]) -> None:
    """Make sure that each flag names a column of its own.

    Raises:
        InputError: two flags name one column.
    """
    flags: dict[str, str] = {}
    for flag, column in columns.items():
        if column in flags:
            raise InputError(
                f"{flags[column]} and {flag}: expected different columns. "
                f"Received: {column!r} for both."
            )
        flags[column] = flag


def _id_name(config: DataConfig) -> str:
    if config.id_name != "auto":
        return config.id_name
    return "movie_ids" if config.item_column.startswith("movie") else "item_ids"


def _load_titles(config: DataConfig, items: pd.Series) -> pd.Series:
    """Titles by item id, of the items' type; an empty series without a titles file.

    A log itself may serve as titles file: an item may occur often, but with one title only.
    """
    if config.titles is None:
        return pd.Series([], index=pd.Index([], dtype=items.dtype, name="item"), dtype=str)
    columns = {"--item-column": config.item_column, "--title-column": config.title_column}
    table = read_table(config.titles, columns, "--titles")
    id_type = "int64" if pd.api.types.is_integer_dtype(items) else "string"
    ids = as_ids(table, config.item_column, id_type)
    cells = table.frame[config.title_column]
    titles = pd.Series(cells.astype(object).map(str).to_numpy(), index=ids, dtype=str)
    present = (cells.notna() & (titles.to_numpy() != "")).to_numpy(dtype=bool)
    _reject_conflicts(table, config.title_column, titles, present)
    titles = titles[present]
    return titles[~titles.index.duplicated()].rename("title").rename_axis("item")


def _reject_conflicts(table: Table, column: str, titles: pd.Series, present: np.ndarray) -> None:
    frame = pd.DataFrame({"item": titles.index, "title": titles.to_numpy()})[present]
    first = frame.groupby("item", sort=False)["title"].transform("first")
    wrong = frame.index[frame["title"] != first]
    if len(wrong):
        row = wrong[0]
        expected = f"one title for item {titles.index[row]}, {first[row]!r} as before"
        raise table.error(int(row), column, expected)
