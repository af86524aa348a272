"""Whether one model is better than another: the paired difference on the same queries."""

import numpy as np

from seqrec_tf.evaluation.difference import Difference

CUTOFF = 10
NORMAL_95 = 1.96  # of a mean of hundreds of independent users


def ndcg(ranks: np.ndarray) -> np.ndarray:
    """NDCG@10 of each query: (queries,) from ranks, 0 being the top."""
    return (ranks < CUTOFF) / np.log2(ranks + 2)


def paired_difference(ranks: np.ndarray, others: np.ndarray) -> Difference:
    """In NDCG@10 of two models' ranks, (queries,) each, of the same queries in the same order."""
    return paired(ndcg(ranks), ndcg(others))


def paired(values: np.ndarray, others: np.ndarray) -> Difference:
    """Of any figure of each query, (queries,) each, of the same queries in the same order."""
    differences = values - others
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    margin = NORMAL_95 * float(deviation) / len(differences) ** 0.5
    return Difference(round(float(differences.mean()), 6), round(margin, 6))
