"""Read a person's own interaction log, and the titles and categories that belong to it."""

import numpy as np
import pandas as pd

from seqrec_tf.data.columns import as_ids, as_ratings
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.labels import as_categories, as_titles
from seqrec_tf.data.notices import say_texts
from seqrec_tf.data.tables import Table, read_table
from seqrec_tf.data.times import as_times
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

LOWEST_USER = -(2**63)
"""Users are never looked up by the served graph, so any int64 may name one."""


def load_logs(config: DataConfig) -> Interactions:
    """Read the log that `config.interactions` names.

    Args:
        config: the file, its columns, the titles file and the type of the item ids.

    Returns:
        The log in the order of the file: user int64 or str, item int64 or str (`config.id_type`),
        time int64 or float64 (unix seconds where the file has dates), order where that is not
        exact, rating float32 if `config.rating_column` is set. Titles may be fewer than the items.

    Raises:
        InputError: a file, line or value that cannot be read; the message names it.
    """
    columns = named_columns(config)
    reject_repeated(columns)
    source = str(config.interactions)
    frame = as_frame(read_table(source, columns, "--interactions"), config)
    known = read_labels(config, frame["item"])
    name = served_name(config)
    return Interactions(frame, known["title"], name, source, known.get("category"))


def named_columns(config: DataConfig) -> dict[str, str]:
    """Flag -> the column of a log that it names."""
    columns = {
        "--user-column": config.user_column,
        "--item-column": config.item_column,
        "--time-column": config.time_column,
    }
    if config.rating_column is not None:
        columns["--rating-column"] = config.rating_column
    return columns


def as_frame(table: Table, config: DataConfig) -> pd.DataFrame:
    """The table of `Interactions` from a log's columns; says what a person should know of ids.

    Raises:
        InputError: a value that is not what its column is for; the message names it.
    """
    times = as_times(table, config.time_column)
    values = {
        "user": as_ids(table, config.user_column, lowest=LOWEST_USER),
        "item": as_ids(table, config.item_column, config.id_type),
        "time": times.seconds(),
    }
    say_texts(table, config.user_column, values["user"], LOWEST_USER)
    if config.id_type == "auto":
        say_texts(table, config.item_column, values["item"])
    if config.rating_column is not None:
        values["rating"] = as_ratings(table, config.rating_column)
    if (order := times.ranks()) is not None:
        values["order"] = order
    return pd.DataFrame(values)


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


def served_name(config: DataConfig) -> str:
    """What the id input is called when served."""
    if config.id_name != "auto":
        return config.id_name
    return "movie_ids" if config.item_column.startswith("movie") else "item_ids"


def read_labels(config: DataConfig, items: pd.Series) -> dict[str, pd.Series]:
    """As `item_labels`, from the file `config.titles`, which may be the log itself, or missing.

    Raises:
        InputError: a file, line or value that cannot be read; the message names it.
    """
    if config.titles is None:
        if config.category_column is not None:
            raise InputError("--category-column: a column of --titles. Received: no --titles.")
        return item_labels(None, config.item_column, items, {})
    columns = {"--item-column": config.item_column, "--title-column": config.title_column}
    if config.category_column is not None:
        columns["--category-column"] = config.category_column
    table = read_table(config.titles, columns, "--titles")
    wanted = {"title": config.title_column, "category": config.category_column}
    named = {name: column for name, column in wanted.items() if column}
    return item_labels(table, config.item_column, items, named)


def item_labels(
    table: Table | None, item_column: str, items: pd.Series, wanted: dict[str, str]
) -> dict[str, pd.Series]:
    """Titles and categories by item id, of the items' type.

    Args:
        table: in which an item may occur often, but with one title only; None for none.
        item_column: its column of ids.
        items: the ids of the interactions.
        wanted: "title" and "category" -> their columns, as far as there are any.

    Returns:
        A series a label; titles are an empty one where none are wanted.

    Raises:
        InputError: an item with two titles, or a value that is none.
    """
    none = {"title": pd.Series([], pd.Index([], dtype=items.dtype, name="item"), dtype=str)}
    if table is None:
        return none
    id_type = "int64" if pd.api.types.is_integer_dtype(items) else "string"
    ids = as_ids(table, item_column, id_type)
    return none | {name: _texts(table, ids, column, name) for name, column in wanted.items()}


def _texts(table: Table, ids: pd.Series, column: str, name: str) -> pd.Series:
    """The one text of each id in a column; ids whose cells are empty are left out."""
    labels = {"title": as_titles, "category": as_categories}[name](table, column)
    texts = pd.Series(labels.to_numpy(), index=ids, dtype=str, name=name)
    present = labels.notna().to_numpy()
    _reject_conflicts(table, column, texts, present)
    texts = texts[present]
    return texts[~texts.index.duplicated()].rename_axis("item")


def _reject_conflicts(table: Table, column: str, texts: pd.Series, present: np.ndarray) -> None:
    frame = pd.DataFrame({"item": texts.index, "text": texts.to_numpy()})[present]
    first = frame.groupby("item", sort=False)["text"].transform("first")
    wrong = frame.index[frame["text"] != first]
    if len(wrong):
        row = wrong[0]
        expected = f"one {texts.name} for item {texts.index[row]}, {first[row]!r} as before"
        raise table.error(int(row), column, expected)
