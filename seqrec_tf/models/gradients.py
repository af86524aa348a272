"""Gradients written out, for training only."""

from collections.abc import Callable, Sequence

import tensorflow as tf

# Outputs, and a function from their gradients to those of the inputs, as `tf.custom_gradient`
# wants it.
Differentiable = tuple[tf.Tensor, Callable[..., tf.Tensor | Sequence[tf.Tensor | None]]]


def with_gradient(
    function: Callable[..., Differentiable], training: bool
) -> Callable[..., tf.Tensor]:
    """`function`, which gives (outputs, gradient), as a function of its outputs alone.

    Outside training TensorFlow does not learn of the gradient: a SavedModel would hold it as
    functions of their own, and LiteRT refuses those.

    Args:
        function: gives its outputs and their gradient.
        training: whether the gradient will be asked for.
    """
    if training:
        return tf.custom_gradient(function)
    return lambda *tensors: function(*tensors)[0]
