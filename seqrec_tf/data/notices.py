"""What a person should know of data that is read without an error: one line on stderr each."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.columns import canonical
from seqrec_tf.data.tables import Table
from seqrec_tf.errors import warn
from seqrec_tf.settings.config import DataConfig

# A number but for white space, a sign or ".0", as other programs write whole numbers.
ALMOST = re.compile(r"\s*[+-]?([0-9]+\.0*|[1-9][0-9]*|0)\s*")


def shown(value: object) -> str:
    """A value as Python writes it, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def say_texts(table: Table, column: str, ids: pd.Series, lowest: int = 1) -> None:
    """Say so if ids are texts for the sake of a few, or although they look like numbers.

    Args:
        table: where they are from.
        column: its column of ids.
        ids: what `as_ids` made of it.
        lowest: as there.
    """
    if ids.dtype != np.int64 and (said := texts_line(ids.unique().tolist(), lowest)):
        line, first = said
        place = table.place(int((ids == first).argmax()))
        warn(f"{table.name}, column {column!r}: {line}, {place}.")


def texts_line(distinct: Iterable[str], lowest: int) -> tuple[str, str] | None:
    """What `say_texts` says of distinct ids that are texts, and the first that made them so.

    None if they are not like numbers, so that there is nothing to say.
    """
    total = strange = numbers = 0
    first = ""
    for total, text in enumerate(distinct, start=1):  # noqa: B007
        plain = canonical(text, lowest) is not None
        if not plain and not strange:
            first = text
        strange += not plain
        numbers += plain or ALMOST.fullmatch(text) is not None
    if not strange or 2 * numbers < total:
        return None
    kind = "plain integers" if lowest < 0 else "plain positive integers"
    return (
        f"{strange:,} of {total:,} ids are no {kind} below 2^63, so all are texts; the first: "
        f"{shown(first)}"
    ), first


def say_unnamed(config: DataConfig, catalogue: Catalogue, titles: pd.Series) -> None:
    """Say so if most items have no title in the titles file, or none has a category.

    Args:
        config: names the files and columns.
        catalogue: the items.
        titles: the titles that were read, by id.
    """
    if config.titles is None:
        return
    unnamed = ~np.isin(np.arange(catalogue.size), pd.Index(catalogue.ids).get_indexer(titles.index))
    if 2 * unnamed.sum() > catalogue.size:
        known = f"; the first there: {shown(titles.index[:1].tolist()[0])}" if len(titles) else ""
        warn(
            f"--titles {config.titles}: no title for {unnamed.sum():,} of {catalogue.size:,} "
            f"items, which are called by their ids; the first: "
            f"{shown(catalogue.ids[unnamed].tolist()[0])}{known}."
        )
    if catalogue.categories is not None and not catalogue.category_members():
        warn(
            f"--category-column {config.category_column}: no category for {catalogue.size:,} of "
            f"{catalogue.size:,} items; the first: {shown(catalogue.ids.tolist()[0])}."
        )
