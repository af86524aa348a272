"""The interactions table: the one form in which every source of data arrives."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Interactions:
    """Who consumed what, when: one row an interaction.

    Attributes:
        table: columns `user` (any hashable), `item` (int64, or str for string ids), `time`
            (int64 or float64, seconds) and, where the source has one, `rating` (float32). Where
            two times differ by less than a float64 holds, `order` (int64) sorts as they do.
            Readers keep the source's row order; `filters.prepare` sorts.
        titles: index raw item id, values title; may cover more or fewer items than the table.
        id_name: what the id input is called when served: `movie_ids` or `item_ids`.
        source: what error messages call this data: a file or a dataset's name.
        categories: as `titles`, an item's categories with `|` between them; None without any.
    """

    table: pd.DataFrame
    titles: pd.Series
    id_name: str
    source: str
    categories: pd.Series | None = None
