"""Filters of the evaluation protocols, and the one sort that every history depends on.

The order is part of a protocol: rows that were delivered twice go first, low ratings next (they may
make an item rare), rare items and short users after them, repeatedly until both conditions hold at
once, short histories last.
"""

import dataclasses
import sys

import numpy as np
import pandas as pd

from seqrec_tf.data.interactions import Interactions
from seqrec_tf.errors import InputError


def prepare(
    interactions: Interactions,
    min_rating: float | None = None,
    min_item_count: int | None = None,
    min_user_count: int | None = None,
    min_sequence_length: int | None = None,
) -> Interactions:
    """Filter the interactions, then sort them stably by user and time.

    Of rows with the same user, item and time the first stays; how many others there were is said
    on stderr. Rows of one user at one time keep the order of the source: ties are common in
    MovieLens, and published splits depend on that order.

    Args:
        interactions: as a reader returned them.
        min_rating: drop rows rated lower; None or 0 is off.
        min_item_count: drop items with fewer rows; None, 0 or 1 is off.
        min_user_count: drop users with fewer rows; None, 0 or 1 is off. Together with
            `min_item_count` both are repeated until neither drops a row (a k-core).
        min_sequence_length: drop users with fewer rows, once, after everything else; items may
            become rarer than `min_item_count` by it. None, 0 or 1 is off.

    Returns:
        The interactions that are left, with a fresh row index; titles are not filtered.

    Raises:
        InputError: a negative minimum, `min_rating` without ratings, or no row left.
    """
    minima = {
        "min-rating": min_rating or 0,
        "min-item-count": min_item_count or 0,
        "min-user-count": min_user_count or 0,
        "min-sequence-length": min_sequence_length or 0,
    }
    _reject_negative(minima)
    interactions = _without_duplicates(interactions)
    table = interactions.table
    users, _ = pd.factorize(table["user"], sort=True)
    rows = np.flatnonzero(_kept(interactions, users, minima))
    if not len(rows):
        raise InputError(_nothing_left(interactions, minima))
    times = table["order" if "order" in table else "time"].to_numpy()
    order = np.lexsort((times[rows], users[rows]))
    prepared = table.take(rows[order]).reset_index(drop=True)
    return dataclasses.replace(interactions, table=prepared)


def _without_duplicates(interactions: Interactions) -> Interactions:
    """Without the rows that a pipeline delivered twice."""
    table = interactions.table
    columns = [name for name in ("user", "item", "time", "order") if name in table]
    again = table.duplicated(columns).to_numpy()
    if not again.any():
        return interactions
    print(dropped_duplicates(interactions.source, int(again.sum()), len(table)), file=sys.stderr)
    return dataclasses.replace(interactions, table=table[~again].reset_index(drop=True))


def dropped_duplicates(source: str, dropped: int, rows: int) -> str:
    """What is said on stderr of rows that a pipeline delivered twice."""
    return (
        f"{source}: {dropped:,} of {rows:,} rows dropped, duplicates of a row with the same user, "
        "item and time"
    )


def _kept(interactions: Interactions, users: np.ndarray, minima: dict[str, float]) -> np.ndarray:
    """Rows that pass all filters: (rows,) bool; `users` holds a code for each row's user."""
    items, _ = pd.factorize(interactions.table["item"])
    keep = _well_rated(interactions, minima["min-rating"])
    keep = _core(keep, items, minima["min-item-count"], users, minima["min-user-count"])
    return keep & _frequent(keep, users, minima["min-sequence-length"])


def _reject_negative(minima: dict[str, float]) -> None:
    for name, value in minima.items():
        if not value >= 0:
            raise InputError(f"--{name}: expected a number from 0 on. Received: {value}.")


def _well_rated(interactions: Interactions, min_rating: float) -> np.ndarray:
    table = interactions.table
    if not min_rating:
        return np.ones(len(table), dtype=bool)
    if "rating" not in table:
        raise InputError(
            f"--min-rating {min_rating}: {interactions.source} has no ratings; expected "
            "--rating-column, or no --min-rating."
        )
    return (table["rating"] >= min_rating).to_numpy()


def _frequent(keep: np.ndarray, codes: np.ndarray, minimum: float) -> np.ndarray:
    """Rows whose code occurs at least `minimum` times among the kept rows."""
    if minimum <= 1 or not len(codes):
        return np.ones(len(codes), dtype=bool)
    return np.bincount(codes[keep], minlength=codes.max() + 1)[codes] >= minimum


def _core(
    keep: np.ndarray,
    items: np.ndarray,
    min_item_count: float,
    users: np.ndarray,
    min_user_count: float,
) -> np.ndarray:
    """Drop rare items and users until no row is dropped any more."""
    while True:
        kept = keep & _frequent(keep, items, min_item_count)
        kept &= _frequent(kept, users, min_user_count)
        if np.array_equal(kept, keep):
            return kept
        keep = kept


def _nothing_left(interactions: Interactions, minima: dict[str, float]) -> str:
    off = {"min-rating": 0}
    active = [f"--{name} {value:g}" for name, value in minima.items() if value > off.get(name, 1)]
    filters = ", ".join(active) or "none"
    return (
        f"{interactions.source}: no interaction is left of {len(interactions.table):,}; expected "
        f"data that the filters keep. Received: {filters}."
    )
