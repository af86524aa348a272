"""Exact retrieval: the k best rows of a table for each vector, in stock TensorFlow ops."""

import tensorflow as tf

LARGE = 8192  # scores a row, from which on larger blocks are faster (measured on two x86 cores)


def block_size(scores: int) -> int:
    """Scores a block, for a row of so many."""
    return 64 if scores >= LARGE else 16


def top_rows(scores: tf.Tensor, k: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
    """The k largest scores of each row and where they stand; of equal ones the lower place.

    `top_k` over a whole row sorts as it goes. Here the maxima of blocks are taken first, which is
    one cheap pass, and the k blocks with the largest maxima hold the k largest scores: a block
    without one of them would need k better blocks before it. Exact, also in the order of ties:
    among blocks of equal maxima the first k are kept, and they are searched in ascending order.

    Args:
        scores: (batch, n) float32.
        k: at most n.

    Returns:
        Scores and places, (batch, k) each, best first; places int32.
    """
    size = block_size(scores.shape[1])
    short = -scores.shape[1] % size
    blocks = tf.pad(scores, [[0, 0], [0, short]], constant_values=scores.dtype.min)
    blocks = tf.reshape(blocks, [tf.shape(scores)[0], (scores.shape[1] + short) // size, size])
    kept = tf.minimum(k, blocks.shape[1])
    best = tf.sort(tf.math.top_k(tf.reduce_max(blocks, axis=2), kept).indices)
    candidates = tf.gather(blocks, best, batch_dims=1)
    top = tf.math.top_k(tf.reshape(candidates, [tf.shape(scores)[0], kept * size]), k)
    block = tf.gather(best, top.indices // size, batch_dims=1)
    return top.values, block * size + top.indices % size
