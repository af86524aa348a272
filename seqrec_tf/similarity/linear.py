"""EASE: a linear autoencoder in closed form (Steck, WWW 2019, arXiv 1905.03375)."""

import numpy as np
from scipy import linalg, sparse

from seqrec_tf.similarity.matrices import DENSE_ITEMS, Dense, Factors, Similarities, factors

TRUNCATED_RANK = 512


def ease(interactions: sparse.csr_array, ridge: float) -> Similarities:
    """B = I - P diag(1 / diag P) with P = (X'X + ridge I)^-1, whose diagonal is zero.

    Exact up to `DENSE_ITEMS` items. Beyond that from the `TRUNCATED_RANK` largest singular values
    of X: with X'X ~ Q L Q', off the diagonal B_ij = (Q L / (L + ridge) Q')_ij / (ridge P_jj). Its
    diagonal is not zero, which matters only where seen items may come up again.

    Args:
        interactions: X, (users, items + 1), as `user_item_matrix` gives it.
        ridge: of the regression, above 0.
    """
    if interactions.shape[1] > DENSE_ITEMS + 1:
        return _truncated(interactions, ridge)
    inverse = (interactions.T @ interactions).toarray(order="F").astype(np.float32, order="F")
    inverse[np.diag_indices_from(inverse)] += np.float32(ridge)
    factor, failed = linalg.lapack.spotrf(inverse, lower=True, overwrite_a=True)
    if not failed:
        inverse, failed = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise ArithmeticError(f"ridge {ridge}: X'X + ridge I has no Cholesky factor")
    diagonal = np.diag(inverse).copy()
    core = -np.tril(inverse, -1)
    core += core.T
    return Dense(core, 1 / diagonal)


def _truncated(interactions: sparse.csr_array, ridge: float) -> Factors:
    _, singular, vectors = factors(interactions, TRUNCATED_RANK)
    singular = singular.astype(np.float64)
    share = singular**2 / (singular**2 + ridge)
    inverse_diagonal = (1 - vectors.astype(np.float64) ** 2 @ share) / ridge
    history = vectors * np.sqrt(share)
    candidates = history / (ridge * inverse_diagonal)[:, np.newaxis]
    return Factors.of(history, candidates)
