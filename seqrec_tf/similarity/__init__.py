"""Item-item models: how much each item of a history speaks for each item of the catalogue.

A score is the sum over the history, newest first, of decay^n times a row of an item-item matrix.
That matrix is fitted in seconds, on a CPU, without gradients; NumPy and SciPy do the arithmetic.
"""

from seqrec_tf.similarity.knn import SIMILARITIES, item_knn
from seqrec_tf.similarity.linear import ease, ease_settings
from seqrec_tf.similarity.markov import Transitions, transitions
from seqrec_tf.similarity.matrices import (
    Factors,
    Histories,
    Similarities,
    decayed,
)

__all__ = [
    "SIMILARITIES",
    "Factors",
    "Histories",
    "Similarities",
    "Transitions",
    "decayed",
    "ease",
    "ease_settings",
    "item_knn",
    "transitions",
]
