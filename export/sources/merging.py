"""The catalogue of a published version with what a table of additions changes."""

import numpy as np

from export.sources.additions import Additions
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.notices import shown
from seqrec_tf.errors import InputError, warn


def merged(
    old: Catalogue, additions: Additions, retired: np.ndarray
) -> tuple[Catalogue, np.ndarray, np.ndarray]:
    """The new catalogue, where its rows come from, and which are retired: (items + 1,) each.

    Sources are rows of the old table, then those of the added vectors.
    """
    left_out = additions.ids[additions.categories != ""].tolist()
    if old.categories is None and left_out:
        warn(
            f"--refresh-items: categories of {len(left_out):,} of {len(additions.ids):,} added "
            f"items are left out, as the model was exported without; the first: "
            f"{shown(left_out[0])}."
        )
    again = additions.rows > 0
    new, back = np.flatnonzero(~again), additions.rows[again]
    retired, never = retired.copy(), old.never()
    retired[back] = never[back] = False
    retired[additions.retired] |= ~never[additions.retired]
    if (never | retired)[1:].all() and not len(new):
        raise InputError(
            "--refresh-items: expected an item that may be recommended, in the end. Received: none."
        )

    ids = np.concatenate([old.ids, additions.ids[new]])
    order = np.argsort(ids, kind="stable")

    def merge(column: np.ndarray, added: np.ndarray) -> np.ndarray:
        column = column.copy()
        column[back - 1] = added[again]
        return np.concatenate([column, added[new]])[order]

    nothing, rows = np.zeros(len(new), bool), np.arange(1, old.size + 1)
    sources = old.size + 1 + np.arange(len(additions.ids))
    retired = np.concatenate([retired[1:], nothing])[order]
    catalogue = Catalogue(
        ids=ids[order],
        titles=merge(old.titles, additions.titles),
        counts=np.concatenate([old.counts, np.zeros(len(new), np.float32)])[order],
        id_name=old.id_name,
        categories=None if old.categories is None else merge(old.categories, additions.categories),
        withheld=np.concatenate([never[1:], nothing])[order] | retired,
    )
    return catalogue, np.append(0, merge(rows, sources)), np.append(False, retired)
