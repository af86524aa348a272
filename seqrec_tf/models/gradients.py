"""Gradients written out, for training only."""

from collections.abc import Callable

import tensorflow as tf


def with_gradient(function: Callable, training: bool) -> Callable:
    """`function`, which gives (outputs, gradient), as a function of its outputs alone.

    Outside training TensorFlow does not learn of the gradient: a SavedModel would hold it as
    functions of their own, and LiteRT refuses those.

    Args:
        function: as `tf.custom_gradient` wants it.
        training: whether the gradient will be asked for.
    """
    if training:
        return tf.custom_gradient(function)
    return lambda *tensors: function(*tensors)[0]
