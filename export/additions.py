"""Read a table of items to add to and to retire from a published model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.columns import as_ids, reject
from seqrec_tf.data.tables import Table, read_table
from seqrec_tf.errors import InputError

COLUMNS = ("id", "action", "title", "vector", "neighbours", "categories")


@dataclass(frozen=True)
class Additions:
    """What changes.

    Attributes:
        ids: (added,) raw ids that the catalogue does not have.
        titles: (added,) str; the id where none is given.
        vectors: (added, dim) float32.
        categories: (added,) str, `|` between them.
        retired: raw ids of the catalogue, no longer recommended.
    """

    ids: np.ndarray
    titles: np.ndarray
    vectors: np.ndarray
    categories: np.ndarray
    retired: np.ndarray


def read_additions(path: Path, catalogue: Catalogue, table: np.ndarray) -> Additions:
    """Read the table and look every id up.

    Args:
        path: the table; see `export.refresh`.
        catalogue: of the published model.
        table: its item vectors, (items + 1, dim).

    Raises:
        InputError: a row that cannot be carried out; the message names file and line.
    """
    read = read_table(path, None, "--refresh-items")
    unknown = [name for name in read.frame.columns if name not in COLUMNS]
    if "id" not in read.frame or unknown:
        raise InputError(
            f"{path}, line 1: expected the columns {', '.join(COLUMNS)}, of which id must be "
            f"there. Received: {', '.join(map(str, read.frame.columns))}."
        )
    id_type = "int64" if catalogue.ids.dtype == np.int64 else "string"
    ids = as_ids(read, "id", id_type)
    cells = {name: _cells(read, name) for name in COLUMNS[1:]}
    retires = cells["action"] == "retire"
    reject(read, "action", ~cells["action"].isin(["", "add", "retire"]), "add or retire")
    reject(read, "id", ids.duplicated(), "every id once")
    known = pd.Series(np.isin(ids, catalogue.ids))
    reject(read, "id", retires & ~known, "an item of the model, to retire it")
    reject(read, "id", ~retires & known, "an item that the model does not have, to add it")
    added = np.flatnonzero(~retires)
    vectors = [_vector(read, row, cells, catalogue, table) for row in added]
    titles = np.where(cells["title"] == "", ids.astype(str), cells["title"])
    return Additions(
        ids=ids.to_numpy(catalogue.ids.dtype)[added],
        titles=titles[added].astype(object),
        vectors=np.array(vectors, np.float32).reshape(-1, table.shape[1]),
        categories=cells["categories"].to_numpy(object)[added],
        retired=ids.to_numpy(catalogue.ids.dtype)[retires],
    )


def _cells(table: Table, column: str) -> pd.Series:
    """Texts of a column, stripped; empty where there is no such column."""
    if column not in table.frame:
        return pd.Series("", table.frame.index, dtype=object)
    return table.frame[column].fillna("").astype(str).str.strip().astype(object)


def _vector(table: Table, row: int, cells: dict, catalogue: Catalogue, vectors: np.ndarray):
    """(dim,): the given numbers, or the mean of the neighbours' vectors."""
    numbers, names = cells["vector"][row], cells["neighbours"][row]
    if (numbers == "") == (names == ""):
        column = "vector" if "vector" in table.frame else "neighbours"
        if column not in table.frame:
            raise InputError(f"{table.name}: expected a column vector or neighbours, to add items.")
        raise table.error(row, column, "either a vector or neighbours, to add an item")
    if names:
        known = {str(raw): place for place, raw in enumerate(catalogue.ids.tolist(), start=1)}
        rows = [known.get(name.strip(), 0) for name in names.split("|")]
        if 0 in rows:
            raise table.error(row, "neighbours", "ids of the model, | between them")
        return vectors[rows].mean(axis=0)
    try:
        found = np.array(numbers.replace(",", " ").split(), np.float32)
    except ValueError:
        found = np.zeros(0)
    if found.shape != (vectors.shape[1],) or not np.isfinite(found).all():
        raise table.error(row, "vector", f"{vectors.shape[1]} finite numbers, spaces between them")
    return found
