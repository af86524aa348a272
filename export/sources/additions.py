"""Read a table of items to add to and to retire from a published model."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from export.sources.named_ids import NamedIds
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.columns import as_ids, reject
from seqrec_tf.data.labels import as_categories, as_titles
from seqrec_tf.data.tables import Table, read_table
from seqrec_tf.errors import InputError

COLUMNS = ("id", "action", "title", "vector", "neighbours", "categories")


@dataclass(frozen=True)
class Additions:
    """What changes.

    Attributes:
        ids: (added,) raw ids that the catalogue does not have, or has retired.
        rows: (added,) where the catalogue has them; 0 for new ones.
        titles: (added,) str; where none is given the old one, or the id.
        vectors: (added, dim) float32; where none is given the old one.
        moved: (added,) bool, whether a vector or neighbours are given.
        categories: (added,) str, `|` between them; where none are given the old ones.
        retired: (retired,) rows of the catalogue, no longer recommended.
    """

    ids: np.ndarray
    rows: np.ndarray
    titles: np.ndarray
    vectors: np.ndarray
    moved: np.ndarray
    categories: np.ndarray
    retired: np.ndarray


def read_additions(
    path: Path, catalogue: Catalogue, table: np.ndarray, retired: np.ndarray | None = None
) -> Additions:
    """Read the table and look every id up.

    Args:
        path: the table; see `export.refreshing`.
        catalogue: of the published model.
        table: its item vectors, (items + 1, dim).
        retired: (items + 1,) bool, what may be added again; None for nothing.

    Raises:
        InputError: a row that cannot be carried out; the message names file and line.
    """
    read = _read(path)
    ids = as_ids(read, "id", "int64" if catalogue.ids.dtype == np.int64 else "string")
    titles, kinds = _labels(read, "title", as_titles), _labels(read, "categories", as_categories)
    rows = catalogue.rows(ids)
    retires = _retires(read, ids, rows, retired)
    added = np.flatnonzero(~retires)
    cells = {name: _cells(read, name) for name in ("vector", "neighbours")}
    named = NamedIds(catalogue)
    vectors = [_vector(read, row, cells, named, table, int(rows[row])) for row in added.tolist()]
    moved = (cells["vector"] != "") | (cells["neighbours"] != "")
    names = ids.astype(str).to_numpy(object)
    old_titles = np.where(rows > 0, _old(catalogue.titles, rows), names)
    old_kinds = _old(catalogue.categories, rows)
    return Additions(
        ids=ids.to_numpy(catalogue.ids.dtype)[added],
        rows=rows[added],
        titles=np.where(titles == "", old_titles, titles)[added].astype(object),
        vectors=np.array(vectors, np.float32).reshape(-1, table.shape[1]),
        moved=moved.to_numpy(bool)[added],
        categories=np.where(kinds == "", old_kinds, kinds)[added].astype(object),
        retired=rows[retires],
    )


def _read(path: Path) -> Table:
    """The table, if it has the right columns."""
    read = read_table(path, None, "--refresh-items")
    unknown = [name for name in read.frame.columns if name not in COLUMNS]
    if "id" not in read.frame or unknown:
        raise InputError(
            f"{path}, line 1: expected the columns {', '.join(COLUMNS)}, of which id must be "
            f"there. Received: {', '.join(map(str, read.frame.columns))}."
        )
    return read


def _retires(
    read: Table, ids: pd.Series, rows: np.ndarray, retired: np.ndarray | None
) -> pd.Series:
    """(rows,) bool: which are to be retired; all others are to be added, and can be."""
    actions = _labels(read, "action", as_titles).str.strip()
    retires = actions == "retire"
    reject(read, "action", ~actions.isin(["", "add", "retire"]), "add or retire")
    reject(read, "id", ids.duplicated(), "every id once")
    reject(read, "id", retires & (rows == 0), "an item of the model, to retire it")
    there = (rows > 0) if retired is None else (rows > 0) & ~retired[rows]
    what = "an item that the model does not have, or one that was retired, to add it"
    reject(read, "id", ~retires & there, what)
    return retires


def _old(column: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """(rows,) object: what the catalogue has of each row; "" where it has none."""
    texts = np.full(rows.max(initial=0) + 1, "") if column is None else np.append("", column)
    return texts.astype(object)[rows]


def _labels(table: Table, column: str, read: Callable[[Table, str], pd.Series]) -> pd.Series:
    """What `read` makes of a column; "" where there is nothing, or no such column."""
    if column not in table.frame:
        return pd.Series("", table.frame.index, dtype=object)
    return read(table, column).fillna("")


def _cells(table: Table, column: str) -> pd.Series:
    """Texts, or lists as JSON lines and Parquet hold them; "" where there is nothing."""
    if column not in table.frame:
        return pd.Series("", table.frame.index, dtype=object)
    cells = table.frame[column].astype(object)
    lists = cells.map(lambda cell: isinstance(cell, (list, np.ndarray)))
    rest = dataclasses.replace(table, frame=pd.DataFrame({column: cells.mask(lists)}))
    texts = as_titles(rest, column).fillna("")
    found = [
        np.asarray(cell, object).tolist() if listed else text.strip() and text
        for cell, listed, text in zip(cells, lists, texts, strict=True)
    ]
    return pd.Series([part or "" for part in found], table.frame.index, dtype=object)


def _vector(
    table: Table,
    row: int,
    cells: dict[str, pd.Series],
    named: NamedIds,
    vectors: np.ndarray,
    old: int,
) -> np.ndarray:
    """(dim,): the given numbers, the mean of the neighbours' vectors, or that of the old row."""
    numbers, names = cells["vector"][row], cells["neighbours"][row]
    if old and isinstance(numbers, str) and isinstance(names, str) and numbers == names == "":
        return vectors[old]
    if (numbers == "") == (names == ""):
        column = "vector" if "vector" in table.frame else "neighbours"
        if column not in table.frame:
            raise InputError(f"{table.name}: expected a column vector or neighbours, to add items.")
        raise table.error(row, column, "either a vector or neighbours, to add an item")
    if names:
        rows = named.rows(names) if isinstance(names, str) else named.rows_of(names)
        if not rows:
            raise table.error(row, "neighbours", "ids of the model, | between them, or a list")
        return vectors[rows].mean(axis=0)
    try:
        values = numbers.replace(",", " ").split() if isinstance(numbers, str) else numbers
        found = np.array(values, np.float32)
    except (TypeError, ValueError):
        found = np.zeros(0, np.float32)
    if found.shape != (vectors.shape[1],) or not np.isfinite(found).all():
        raise table.error(row, "vector", f"{vectors.shape[1]} finite numbers, spaces between them")
    return found
