"""A mean over many positions that never holds the logits of all of them.

The gradient is computed together with the value, chunk by chunk, and only it is kept: one pass,
no recomputation, and each chunk's logits are still in the processor's cache when its gradient
reads them.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from seqrec_tf.models.gradients import Differentiable

CHUNK_VALUES = 2**22  # logits alive at a time: 16 MiB in float32 ...
SMALLEST_CHUNK = 64  # ... or those of so many positions, where one has more than 65,536


def mean_over_chunks(
    loss: Callable[..., tf.Tensor],
    positions: Sequence[tf.Tensor],
    shared: Sequence[tf.Tensor],
    width: tf.Tensor | int,
) -> tf.Tensor:
    """The mean of `loss` over positions, with a gradient for every floating tensor.

    Args:
        loss: of (slices of `positions`, then `shared`), gives (chunk,) values. It must not touch
            variables, and depend on nothing differentiable but its arguments.
        positions: tensors with one row a position.
        shared: tensors that every position needs.
        width: logits a position.

    Returns:
        A scalar, 0 for no positions: of several devices the last ones may get no part of a small
        batch. At most `max(CHUNK_VALUES, SMALLEST_CHUNK * width)` logits live at a time.
    """
    split = len(positions)

    @tf.custom_gradient
    def mean(*tensors: tf.Tensor) -> Differentiable:
        count = tf.maximum(tf.shape(tensors[0])[0], 1)  # no position: one empty chunk
        size = tf.maximum(CHUNK_VALUES // tf.maximum(width, 1), SMALLEST_CHUNK)
        total, gradients = _accumulate(loss, tensors[:split], tensors[split:], count, size)
        scale = 1 / tf.cast(count, total.dtype)
        return total * scale, lambda upstream: [
            None if g is None else g * tf.cast(upstream * scale, g.dtype) for g in gradients
        ]

    return mean(*positions, *shared)


def _accumulate(
    loss: Callable[..., tf.Tensor],
    positions: Sequence[tf.Tensor],
    shared: Sequence[tf.Tensor],
    count: tf.Tensor,
    size: tf.Tensor,
) -> tuple[tf.Tensor, list[tf.Tensor | None]]:
    """Sum of the loss, and its gradients: None for tensors that have none."""
    differentiable = [t for t in (*positions, *shared) if t.dtype.is_floating]
    moving = sum(t.dtype.is_floating for t in positions)
    arrays = [
        tf.TensorArray(t.dtype, (count + size - 1) // size, infer_shape=False)
        for t in differentiable[:moving]
    ]

    def body(
        step: tf.Tensor, total: tf.Tensor, arrays: list[tf.TensorArray], sums: list[tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.TensorArray], list[tf.Tensor]]:
        parts = [t[step * size : (step + 1) * size] for t in positions]
        inputs = [t for t in (*parts, *shared) if t.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = tf.reduce_sum(loss(*parts, *shared))
        found = tape.gradient(value, inputs, unconnected_gradients="zero")
        arrays = [a.write(step, g) for a, g in zip(arrays, found[:moving], strict=True)]
        sums = [s + g for s, g in zip(sums, found[moving:], strict=True)]
        return step + 1, total + tf.cast(value, tf.float32), arrays, sums

    start = (0, 0.0, arrays, [tf.zeros_like(t) for t in differentiable[moving:]])
    _, total, arrays, sums = tf.while_loop(
        lambda step, *_: step * size < count, body, start, parallel_iterations=1
    )
    found = iter([*(array.concat() for array in arrays), *sums])
    every = (*positions, *shared)
    return total, [next(found) if t.dtype.is_floating else None for t in every]
