"""What a published SavedModel says of its items, read back for the version after it."""

import numpy as np
import pandas as pd
import tensorflow as tf

from export.artifact.documents import Report
from seqrec_tf.data.catalogue import Catalogue


def published_catalogue(model: tf.Module, id_name: str) -> Catalogue:
    """The catalogue of a published model; popularity stands for the counts."""
    ids = model.ids.numpy()[1:]
    texts = ids.dtype == object
    return Catalogue(
        ids=np.array([raw.decode() for raw in ids], object) if texts else ids,
        titles=np.array([title.decode() for title in model.titles.numpy()[1:]], object),
        counts=model.popularity.numpy()[1:],
        id_name=id_name,
        categories=_categories(model, len(ids)),
        withheld=~model.allowed.numpy()[1:] if hasattr(model, "allowed") else None,
    )


def _categories(model: tf.Module, items: int) -> np.ndarray | None:
    if not hasattr(model, "categories"):
        return None
    members, splits = model.categories.members.numpy(), model.categories.splits.numpy()
    of_row: list[list[str]] = [[] for _ in range(items + 1)]
    for number, name in enumerate(model.categories.names.numpy(), start=1):
        for row in members[splits[number] : splits[number + 1]]:
            of_row[row].append(name.decode())
    return np.array(["|".join(names) for names in of_row[1:]], object)


def retired_rows(model: tf.Module, report: Report) -> np.ndarray:
    """(items + 1,) bool: what was retired, and would be recommended if it had not been."""
    ids = model.ids.numpy()
    if report.retired is None:  # written before that was kept, when lists withheld nothing else
        refreshed = report.refreshed is not None and hasattr(model, "allowed")
        return ~model.allowed.numpy() & (np.arange(len(ids)) > 0) if refreshed else ids != ids
    known = pd.Index([raw.decode() if isinstance(raw, bytes) else raw for raw in ids.tolist()])
    found = np.zeros(len(ids), bool)
    found[known.get_indexer(report.retired)] = True
    return found
