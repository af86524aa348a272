"""Export an encoder that this project did not train; see `export_savedmodel`."""

import os
from collections.abc import Callable, Sequence
from numbers import Integral
from pathlib import Path

import numpy as np
import pandas as pd

from export.exporter import ExportOptions, export_encoder
from export.foreign import ForeignEncoder
from export.publish import require_model_name
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError

COLUMNS = ("id", "title", "count")


def export_savedmodel(
    encoder: Callable,
    items: pd.DataFrame | str | os.PathLike | Sequence,
    item_vectors: np.ndarray,
    window: int,
    *,
    padding: str = "left",
    mask: bool = False,
    fixed: bool = False,
    **options,
) -> list[Path]:
    """Export an encoder of your own as a proven SavedModel (and LiteRT file).

    Args:
        encoder: takes item rows, int32 (batch, length), 1..items in the order of `items`, 0 for
            padding, and gives vectors (batch, dim): a Keras 3 or tf-keras model or layer, a
            `tf.Module` with `__call__`, a `tf.function`, any function of TensorFlow ops.
        items: the catalogue, one row an item: a table (or the path of a CSV file) with a column
            `id` (positive int64 or string) and, if you like, `title` and `count` (interactions,
            for the ranking of people without a history); or just the ids.
        item_vectors: (items, dim) floating, in the order of `items`; the score of an item is the
            dot product with the encoder's vector.
        window: the most recent items of a history that the encoder is given.
        padding: "left" or "right", where your encoder expects it.
        mask: whether the encoder takes a second argument, bool (batch, length), true where a row
            is real.
        fixed: whether the encoder needs exactly `window` columns.
        **options: of `export.exporter.ExportOptions`: `formats`, `output`, `name`, `k`, `id_name`.

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
    table = _table(items)
    catalogue, order = _catalogue(table, chosen.id_name)
    foreign = ForeignEncoder(encoder, item_vectors, order, window, padding, mask, fixed)
    provenance = {"run": None, "encoder": type(encoder).__name__, "metrics": {}}
    return export_encoder(foreign, catalogue, chosen, provenance, cards=[])


def _table(items) -> pd.DataFrame:
    """Columns `id`, `title` and `count`, in the caller's order."""
    if isinstance(items, (str, os.PathLike)):
        items = pd.read_csv(items, dtype={"title": str}, keep_default_na=False)
    elif not isinstance(items, pd.DataFrame):
        items = pd.DataFrame({"id": list(items)})
    unknown = [name for name in items.columns if name not in COLUMNS]
    if "id" not in items.columns or unknown:
        raise InputError(
            f"items: expected the columns {', '.join(COLUMNS)}, of which id must be there. "
            f"Received: {', '.join(map(str, items.columns))}."
        )
    if items.empty:
        raise InputError("items: expected at least one item. Received: none.")
    table = items.reset_index(drop=True)
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise InputError(f"items: expected every id once. Received: {twice.tolist()[0]!r} twice.")
    return table


def _catalogue(table: pd.DataFrame, id_name: str | None) -> tuple[Catalogue, np.ndarray]:
    """The catalogue, in ascending order of ids, and the caller's index of each of its rows."""
    integers = pd.api.types.is_integer_dtype(table["id"])
    if integers and (table["id"] <= 0).any():
        raise InputError(f"items: expected positive ids. Received: {table['id'].min()}.")
    if not integers and not table["id"].map(lambda raw: isinstance(raw, str) and raw != "").all():
        raise InputError("items: expected ids that are all positive integers or all texts.")
    ids = table["id"].to_numpy(np.int64 if integers else object)
    order = np.argsort(ids)
    titles = table["title"] if "title" in table else table["id"].astype(str)
    counts = table["count"] if "count" in table else pd.Series(0, table.index)
    columns = (ids, titles.to_numpy(object), counts.to_numpy(np.int64))
    return Catalogue(*(column[order] for column in columns), id_name or "item_ids"), order
