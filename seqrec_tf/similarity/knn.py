"""Item-kNN: items are alike if the same users had them (Sarwar et al., WWW 2001)."""

import numpy as np
from scipy import sparse

from seqrec_tf.similarity.matrices import Dense, Histories, Implicit, Similarities

SIMILARITIES = ("cosine", "bm25")
DENSE_ITEMS = 15_000  # a dense matrix of them takes 0.9 GB
BM25_SATURATION, BM25_LENGTH = 1.2, 0.75  # k1 and b (Robertson and Zaragoza 2009)


def item_knn(histories: Histories, similarity: str) -> Similarities:
    """Products of the items' columns, weighted; all items are neighbours of all.

    - cosine: over the lengths of both columns.
    - bm25: an item is a document and its users are the terms. A user counts by log(items / items
      that the user had), and an item's weight falls with its popularity: with one occurrence a
      term, (k1 + 1) / (1 + k1 (1 - b + b n / mean n)).

    Args:
        histories: who had what.
        similarity: one of `SIMILARITIES`.
    """
    interactions = histories.matrix
    counts = np.asarray(interactions.sum(axis=0)).ravel()
    lengths = np.asarray(interactions.sum(axis=1)).ravel()
    if similarity == "cosine":
        of_user, of_item = np.ones_like(lengths), 1 / np.sqrt(np.maximum(counts, 1))
    else:
        items = np.count_nonzero(counts)
        of_user = np.log(np.maximum(items, 1) / np.maximum(lengths, 1)).clip(min=0)
        norm = 1 - BM25_LENGTH + BM25_LENGTH * counts / max(counts.sum() / max(items, 1), 1)
        of_item = (BM25_SATURATION + 1) / (1 + BM25_SATURATION * norm)
    rows = (sparse.diags_array(of_user) @ interactions @ sparse.diags_array(of_item)).tocsr()
    rows = rows.astype(np.float32)
    if histories.items > DENSE_ITEMS:
        return Implicit(rows)
    core = (rows.T @ rows).toarray().astype(np.float32)
    np.fill_diagonal(core, 0)
    return Dense(core, np.ones(len(core), np.float32))
