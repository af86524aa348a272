"""A tensor as the codecs see it: flat values and a shape, without importing TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# TensorFlow refuses tensors of more dimensions.
MAX_RANK = 254
# What makes or frees more of Python's values in one call lets no other thread run meanwhile.
VALUES_AT_ONCE = 50_000


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


def own_strings(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, but safe from `free_strings` of somebody else."""
    return {
        alias: Tensor(tensor.values.copy(), tensor.shape) if _is_freed(tensor) else tensor
        for alias, tensor in tensors.items()
    }


def free_strings(tensors: Mapping[str, Tensor]) -> None:
    """Free the strings of tensors that are needed no more, a part at a time."""
    for tensor in tensors.values():
        if _is_freed(tensor):
            for start in range(0, len(tensor.values), VALUES_AT_ONCE):
                tensor.values[start : start + VALUES_AT_ONCE] = None


def _is_freed(tensor: Tensor) -> bool:
    return tensor.values.dtype == object and len(tensor.values) > VALUES_AT_ONCE
