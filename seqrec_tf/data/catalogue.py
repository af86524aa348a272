"""The catalogue: which raw id, title and training count stand behind each item row.

Rows run from 1 to the number of items, in the order of the raw ids; row 0 is padding and stands
for "no item" or "an item this catalogue does not know".
"""

import csv
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqrec_tf.data.columns import as_counts, as_ids, as_texts, reject
from seqrec_tf.data.ordered import ordered_floats
from seqrec_tf.data.tables import read_table
from seqrec_tf.errors import InputError

# The line end, and then what no text is written with: ASCII's record separator and private use.
SEPARATORS = ("\n", "\x1e", *map(chr, range(0xE000, 0xF900)))


@dataclass(frozen=True)
class Catalogue:
    """The items a model can recommend.

    Attributes:
        ids: (items,) int64 or str, ascending, without duplicates; row = index + 1.
        titles: (items,) str.
        counts: (items,) int64, interactions of the training part.
        id_name: what the id input is called when served, such as `movie_ids`.
        categories: (items,) str, an item's categories with `|` between them; None if the data
            has none.
        withheld: (items,) bool, items that are read in histories but never recommended; None
            for none.
    """

    ids: np.ndarray
    titles: np.ndarray
    counts: np.ndarray
    id_name: str
    categories: np.ndarray | None = None
    withheld: np.ndarray | None = None

    @classmethod
    def from_items(
        cls,
        items: pd.Series,
        titles: pd.Series,
        id_name: str,
        categories: pd.Series | None = None,
    ) -> "Catalogue":
        """The distinct ids of `items`, with counts 0; an id without a title is its own title."""
        ids = np.unique(items.to_numpy(object if items.dtype != np.int64 else np.int64))
        named = titles.reindex(ids)
        texts = np.where(named.isna(), [str(item) for item in ids], named.astype(object))
        if categories is not None:
            categories = categories.reindex(ids).fillna("").to_numpy(object)
        return cls(ids, texts.astype(object), np.zeros(len(ids), np.int64), id_name, categories)

    @property
    def size(self) -> int:
        """Number of items; rows are 1..size."""
        return len(self.ids)

    @property
    def padding(self) -> int | str:
        """The raw id that stands for none: 0 or ""."""
        return 0 if self.ids.dtype == np.int64 else ""

    @property
    def text_separator(self) -> str:
        """What separates ids in one text.

        ", ", or a line end if an id holds a space or comma, or the first of `SEPARATORS` that no
        id holds if one holds a line end, too.
        """
        if self.ids.dtype == np.int64 or not any(re.search(r"[,\s]", raw) for raw in self.ids):
            return ", "
        held = set(itertools.chain.from_iterable(self.ids))
        return next(separator for separator in SEPARATORS if separator not in held)

    def popularity(self) -> np.ndarray:
        """Share of the training interactions: (items + 1,) float32; row 0 has none.

        Other counts have other shares, however large they are, in the same order.
        """
        counts = np.append(np.zeros(1, self.counts.dtype), self.counts)
        return ordered_floats(counts / max(counts.sum(dtype=np.float64), 1), counts)

    def never(self) -> np.ndarray:
        """Rows that are not recommended to anybody, row 0 among them: (items + 1,) bool."""
        withheld = np.zeros(self.size, bool) if self.withheld is None else self.withheld
        return np.concatenate([[True], withheld])

    def category_members(self) -> dict[str, np.ndarray]:
        """Each category's rows, (n,) int32 ascending, by name in alphabetical order."""
        pairs = pd.Series(self.categories, np.arange(1, self.size + 1)).str.split("|").explode()
        pairs = pairs.str.strip()
        named = pairs[pairs != ""]
        return {
            name: rows.index.to_numpy(np.int32) for name, rows in named.groupby(named, sort=True)
        }

    def rows(self, items: pd.Series) -> np.ndarray:
        """Item rows of raw ids: (n,) int32, 0 where the id is not in the catalogue."""
        return (pd.Index(self.ids).get_indexer(items.to_numpy()) + 1).astype(np.int32)

    def write(self, path: Path) -> None:
        """Write `items.csv`: row, raw id, title, count and, if there are any, categories."""
        columns = (self.ids, self.titles, self.categories)
        texts = (column for column in columns if column is not None and column.dtype != np.int64)
        # Python's csv leaves a carriage return alone unquoted, and readers end the line there.
        returns = any("\r" in text for text in itertools.chain.from_iterable(texts))
        quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        self._table().to_csv(path, index=False, quoting=quoting, lineterminator="\n")

    @classmethod
    def read(cls, path: Path, id_type: str, id_name: str) -> "Catalogue":
        """Read `items.csv`; `id_type` is `int64` or `string`.

        Raises:
            InputError: the file is not what `write` writes.
        """
        table = read_table(path, None, "catalogue", trusted=True)
        names = list(table.frame.columns)
        others = [*names[:1], *names[2:]]
        if others not in (["row", "title", "count"], ["row", "title", "count", "categories"]):
            raise InputError(
                f"{path}, line 1: expected columns row, an id, title, count. "
                f"Received: {', '.join(names)}."
            )
        kind = np.int64 if id_type == "int64" else object
        ids = as_ids(table, names[1], id_type).to_numpy(kind)
        descending = np.append(False, ids[1:] <= ids[:-1])
        reject(table, names[1], descending, "ids in ascending order")
        titles, counts = as_texts(table, "title"), as_counts(table, "count")
        categories = as_texts(table, "categories").to_numpy(object) if names[4:] else None
        return cls(ids, titles.to_numpy(object), counts.to_numpy(), id_name, categories)

    def _table(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "row": np.arange(1, self.size + 1),
                self.id_name.removesuffix("s"): self.ids,
                "title": self.titles,
                "count": self.counts,
                **({} if self.categories is None else {"categories": self.categories}),
            }
        )
