"""A tensor as the codecs see it: flat values and a shape, without importing TensorFlow."""

from dataclasses import dataclass

import numpy as np

# TensorFlow refuses tensors of more dimensions.
MAX_RANK = 254


@dataclass(frozen=True)
class Tensor:
    """A dense tensor of any rank; NumPy alone stops at 64 dimensions, TensorFlow at 254.

    Attributes:
        values: the elements in row-major order, `(size,)`; strings are `bytes` objects in an
            array of dtype `object`.
        shape: the size of every dimension; `()` is a scalar.
    """

    values: np.ndarray
    shape: tuple[int, ...]


def string_values(values: list[bytes]) -> np.ndarray:
    """A flat array of dtype `object`; NumPy's own strings would cut trailing zero bytes."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
