"""Export an encoder that this project did not train; see `export_savedmodel`."""

import os
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from export.artifact.documents import Provenance
from export.artifact.publish import require_model_name
from export.exporter import export_encoder
from export.options import ExportOptions
from export.sources.foreign import ForeignEncoder, VectorFile
from export.sources.origin import Origin
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.columns import ID, LARGEST, as_counts, as_ids, as_texts, reject
from seqrec_tf.data.notices import say_texts
from seqrec_tf.data.tables import Table, read_table
from seqrec_tf.errors import InputError

COLUMNS = ("id", "title", "count")


def export_savedmodel(
    encoder: Callable,
    items: pd.DataFrame | str | os.PathLike | Sequence,
    item_vectors: np.ndarray | str | os.PathLike,
    window: int,
    *,
    padding: str = "left",
    mask: bool = False,
    fixed: bool = False,
    **options: Any,
) -> list[Path]:
    """Export an encoder of your own as a proven SavedModel (and LiteRT file).

    Args:
        encoder: takes item rows, int32 (batch, length), 1..items in the order of `items`, 0 for
            padding, and gives vectors (batch, dim): a Keras 3 or tf-keras model or layer, a
            `tf.Module` with `__call__`, a `tf.function`, any function of TensorFlow ops.
        items: the catalogue, one row an item: a table (or the path of a file of any format that
            training reads) with a column `id` (positive int64 or string) and, if you like,
            `title` and `count` (interactions, for the ranking of people without a history); or
            just the ids.
        item_vectors: (items, dim) floating, or the path of a `.npy` file of it, in the order of
            `items`; the score of an item is the dot product with the encoder's vector.
        window: the most recent items of a history that the encoder is given.
        padding: "left" or "right", where your encoder expects it.
        mask: whether the encoder takes a second argument, bool (batch, length), true where a row
            is real.
        fixed: whether the encoder needs exactly `window` columns.
        **options: of `export.options.ExportOptions`: `formats`, `output`, `name`, `k`, `id_name`,
            `only_items`, `exclude_items`, `repeats`.

    Returns:
        The published version folders.

    Raises:
        InputError: something does not fit; nothing was written.
        ProofError: an artifact answers otherwise than the encoder; nothing was published.
    """
    if padding not in ("left", "right"):
        raise InputError(f"padding: expected 'left' or 'right'. Received: {padding!r}.")
    if not isinstance(window, Integral) or window < 1:
        raise InputError(f"window: expected a whole number from 1 on. Received: {window!r}.")
    chosen = ExportOptions(**{**options, "output": Path(options.get("output", "models"))})
    require_model_name(chosen.name)
    catalogue, order = read_items(items, chosen.id_name or "item_ids")
    is_path = isinstance(item_vectors, (str, os.PathLike))
    vectors = VectorFile(item_vectors) if is_path else np.asarray(item_vectors)
    foreign = ForeignEncoder(encoder, vectors, order, window, padding, mask, fixed)
    if "tflite" in chosen.formats and foreign.held:
        raise InputError(
            "--format tflite: expected an encoder without lookup tables, which LiteRT's built-in "
            f"ops do not have. Received: {', '.join(type(one).__name__ for one in foreign.held)}."
        )
    provenance = Provenance(run=None, data=None, encoder=type(encoder).__name__, metrics={})
    return export_encoder(foreign, catalogue, chosen, Origin(provenance, own_encoder=False))


def read_items(
    items: pd.DataFrame | str | os.PathLike | Sequence, id_name: str
) -> tuple[Catalogue, np.ndarray]:
    """The catalogue, in ascending order of ids.

    Args:
        items: as `export_savedmodel` takes them. Ids are int64 or text as in training
            (`--id-type auto`); those in memory stay texts if all of them are.
        id_name: what the id input is called when served.

    Returns:
        The catalogue, and the caller's index, from 0, of each of its rows: (items,).

    Raises:
        InputError: a file that cannot be read, or a wrong value; the message says where.
    """
    table = _table(items)
    ids = _ids(table, isinstance(items, (str, os.PathLike)))
    titles = as_texts(table, "title").to_numpy(object) if "title" in table.frame else None
    counts = as_counts(table, "count") if "count" in table.frame else pd.Series(0, ids.index)
    values = ids.to_numpy(np.int64 if pd.api.types.is_integer_dtype(ids) else object)
    order = np.argsort(values)
    # Not as Python's strings, of which ten million take as much memory as some item vectors do.
    titles = np.asarray(values if titles is None else titles, np.dtypes.StringDType())
    counts = counts.to_numpy(np.int64)
    return Catalogue(values[order], titles[order], counts[order], id_name), order


def _table(items: pd.DataFrame | str | os.PathLike | Sequence) -> Table:
    """Columns `id`, `title` and `count`, of which only the first must be there."""
    if isinstance(items, (str, os.PathLike)):
        table = read_table(os.fspath(items), None, "items")
    elif isinstance(items, pd.DataFrame):
        table = Table("items", items)
    elif not isinstance(items, Iterable):
        raise InputError(f"items: expected a table, the path of one, or ids. Received: {items!r}.")
    else:
        # As objects: pandas cannot make texts of half a surrogate pair.
        table = Table("items", pd.DataFrame({"id": pd.Series(list(items), dtype=object)}))
    names = list(table.frame.columns)
    if "id" not in names or not set(names) <= set(COLUMNS) or len(set(names)) < len(names):
        raise InputError(
            f"{table.name}: expected the columns {', '.join(COLUMNS)}, of which id must be there. "
            f"Received: {', '.join(map(repr, names))}."
        )
    if table.frame.empty:
        raise InputError(f"{table.name}: expected at least one item. Received: none.")
    return table


def _ids(table: Table, of_file: bool) -> pd.Series:
    """Distinct ids, int64 or str, as training reads them; texts in memory stay texts."""
    raw = table.frame["id"]
    reject(table, "id", raw.isna(), ID)
    if isinstance(raw.dtype, pd.CategoricalDtype):
        raw = raw.astype(raw.dtype.categories.dtype)
    texts = raw.map(lambda value: isinstance(value, str))
    raw = raw if texts.any() else raw.infer_objects()
    if pd.api.types.is_integer_dtype(raw) and not of_file:
        reject(table, "id", raw < 1, "an id from 1 on; 0 is padding")
    if _fits_int64(raw):
        # Not by their text, as other ids are compared: ten million texts take gigabytes.
        ids = raw.astype(np.int64).reset_index(drop=True)
    elif of_file or not texts.all():
        ids = as_ids(table, "id")
        say_texts(table, "id", ids)
    else:
        ids = as_ids(table, "id", "string")
    reject(table, "id", ids.duplicated(), "every id once")
    return ids


def _fits_int64(raw: pd.Series) -> bool:
    return pd.api.types.is_integer_dtype(raw) and raw.min() >= 1 and raw.max() <= LARGEST
