"""How much a request may ask of the graph, and how what it asks is worked on in parts.

TensorFlow Serving has no limits of its own, and a request of a few bytes can claim hundreds of
thousands of rows. So the graph refuses what no client means, and what is left takes memory for a
part of the rows at a time.
"""

from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

MOST_ROWS = 2**14  # histories, items or texts
MOST_IDS = 2**22  # padding counts
MOST_ANSWERS = 2**22  # rows times k
MOST_BYTES = 2**23  # of all texts or examples
PART_SCORES = 2**26  # rows times items that are scored at a time, 256 MiB
PART_POSITIONS = 2**16  # rows times window that an encoder reads at a time
PART_NUMBERS = 2**24  # of item vectors that are looked up at a time, 64 MiB

Values = TypeVar("Values", bound=tf.Tensor | tf.RaggedTensor)


def rows_a_part(items: int, window: int) -> int:
    """How many histories are worked on at a time."""
    return max(1, min(MOST_ROWS, PART_SCORES // items, PART_POSITIONS // window))


def rows_a_request(k: int) -> int:
    """How many histories a request may have at most, for k answers each."""
    return max(1, min(MOST_ROWS, MOST_ANSWERS // k))


def checked(values: Values, **counts: tuple[tf.Tensor | int, int]) -> Values:
    """`values`, which nothing can read before the counts of a request are found to be in bounds.

    A check beside the work would guard nothing: memory could be taken before it fails, and what
    a server cuts out of a graph leaves behind what its outputs do not need.

    Args:
        values: what is to be worked on.
        **counts: name -> how many, and how many at most.

    Raises:
        tf.errors.InvalidArgumentError: one of them is larger; the message says all of them.
    """
    most = " and ".join(
        f"{limit:,} {name.replace('_', ' ')}" for name, (_, limit) in counts.items()
    )
    found = tf.stack([tf.cast(count, tf.int64) for count, _ in counts.values()])
    fits = tf.reduce_all(found <= [limit for _, limit in counts.values()])
    message = f"expected at most {most} in a request, but got:"
    # Not `tf.debugging.Assert`, whose branch takes longer than the comparison.
    return after([tf.raw_ops.Assert(condition=fits, data=[message, found])], values)


def size_of(values: tf.Tensor) -> tf.Tensor:
    """How many values there are, (), as what is counted against a bound."""
    return tf.size(values, tf.int64)


def after(checks: list[tf.Operation], values: Values) -> Values:
    """`values`, which nothing can read before the checks are done."""
    with tf.control_dependencies(checks):
        return tf.nest.map_structure(tf.identity, values, expand_composites=True)


def in_parts(
    function: Callable, size: tf.Tensor, part: tf.Tensor | int, signature: dict | tf.TensorSpec
) -> dict | tf.Tensor:
    """Join what a function gives for parts of rows; for few rows it is just called.

    Args:
        function: takes the first row and the one after the last, which may be beyond `size`, or
            None and None for all of them; gives a tensor, or some by name, with so many rows.
        size: rows.
        part: rows at a time.
        signature: of what the function gives.
    """

    def joined() -> dict[str, tf.Tensor] | tf.Tensor:
        count = (size + part - 1) // part
        found = tf.map_fn(
            lambda number: function(number * part, (number + 1) * part),
            tf.range(count),
            fn_output_signature=signature,
            parallel_iterations=1,  # or parts would be in memory together
        )
        return tf.nest.map_structure(flat, found, signature)

    def flat(stacked: tf.Tensor, spec: tf.TensorSpec) -> tf.Tensor:
        shape = tf.shape(stacked)
        rows = tf.reshape(stacked, tf.concat([[shape[0] * shape[1]], shape[2:]], axis=0))
        return tf.ensure_shape(rows[:size], spec.shape)

    return few_or_many(size <= part, lambda: function(None, None), joined)


def few_or_many(is_few: tf.Tensor, few: Callable, many: Callable) -> dict | tf.Tensor:
    """What one of two functions gives; of the other, `many` costs no time.

    Its ops would be in the graph beside those of `few`, and each of them be visited to be skipped.
    """
    apart = tf.function(many, autograph=False, experimental_attributes={"_noinline": True})
    return tf.cond(is_few, few, apart)


def ragged_part(
    rows: tf.RaggedTensor, first: tf.Tensor | None, end: tf.Tensor | None
) -> tf.RaggedTensor:
    """Some rows, and empty ones where there are no more; all of them for None."""
    if first is None or end is None:
        return rows
    places = tf.minimum(tf.range(first, end + 1), rows.nrows(tf.int32))
    splits = tf.gather(rows.row_splits, places)
    values = rows.flat_values[splits[0] : splits[-1]]
    return tf.RaggedTensor.from_row_splits(values, splits - splits[0], validate=False)


def padded_part(values: tf.Tensor, first: tf.Tensor | None, end: tf.Tensor | None) -> tf.Tensor:
    """Some of (rows,) values, and 0 where there are no more; all of them for None."""
    if first is None:
        return values
    part = values[first:end]
    return tf.pad(part, [[0, end - first - tf.size(part)]])
