"""Merging the tensors of several requests along dimension 0, and taking the outputs apart."""

import math

import numpy as np

from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError, invalid_argument
from serving.protocol.status import Code

Feeds = dict[str, Tensor]

_RANKS_THAT_CAN_BE_PADDED = range(1, 7)


def count_rows(feeds: Feeds) -> int:
    """The size of dimension 0, which all inputs of a request must share.

    Raises:
        ServingError: INVALID_ARGUMENT, they do not, one is a scalar, or there are none.
    """
    if not feeds:
        raise invalid_argument("Batching Run() must have at least one input tensor")
    if any(not tensor.shape for tensor in feeds.values()):
        raise invalid_argument("Batching Run() input tensors must have at least one dimension")
    sizes = {tensor.shape[0] for tensor in feeds.values()}
    if len(sizes) > 1:
        raise invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def merge(requests: list[Feeds], extra_rows: int = 0) -> Feeds:
    """Concatenate requests along dimension 0.

    Args:
        requests: each alias -> tensor, all with the same aliases and types.
        extra_rows: so many copies of the last request's first row are appended.

    Raises:
        ServingError: FAILED_PRECONDITION, their other dimensions differ.
    """
    return {
        alias: _concatenated(alias, [feeds[alias] for feeds in requests], extra_rows)
        for alias in requests[0]
    }


def split(outputs: Feeds, sizes: list[int]) -> list[Feeds]:
    """Take the outputs of a batch apart.

    Args:
        outputs: alias -> tensor, each with as many rows as `sizes` sum up to.
        sizes: rows of each request.

    Raises:
        ServingError: FAILED_PRECONDITION, an output has another number of rows.
    """
    rows = sum(sizes)
    for tensor in outputs.values():
        if not tensor.shape:
            message = "Batched output tensor has 0 dimensions"
            raise ServingError(Code.FAILED_PRECONDITION, message)
        if tensor.shape[0] != rows:
            raise ServingError(
                Code.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                "dimension sizes of the input tensors",
            )
    ends = np.cumsum(sizes).tolist()
    return [
        {alias: _rows(tensor, end - size, end) for alias, tensor in outputs.items()}
        for size, end in zip(sizes, ends, strict=True)
    ]


def pad(requests: list[Feeds]) -> list[Feeds]:
    """Bring the tensors of several requests to one shape, but for dimension 0.

    Each is filled up at its ends with **its own first element**, as TensorFlow Serving does.

    Raises:
        ServingError: INVALID_ARGUMENT, a tensor is empty where others are not, or has more than
            6 dimensions; FAILED_PRECONDITION, their ranks differ.
    """
    shapes = {alias: _largest(alias, requests) for alias in requests[0]}
    return [
        {alias: _padded(tensor, shapes[alias]) for alias, tensor in feeds.items()}
        for feeds in requests
    ]


def _largest(alias: str, requests: list[Feeds]) -> tuple[int, ...]:
    shapes = [feeds[alias].shape for feeds in requests]
    if len({len(shape) for shape in shapes}) > 1:
        raise _different(alias)
    return tuple(map(max, zip(*shapes, strict=True)))


def _padded(tensor: Tensor, largest: tuple[int, ...]) -> Tensor:
    if len(tensor.shape) not in _RANKS_THAT_CAN_BE_PADDED:
        raise invalid_argument("Only tensors with rank from 1 to 6 can be padded.")
    shape = (tensor.shape[0], *largest[1:])
    if math.prod(shape) == len(tensor.values):
        return Tensor(tensor.values, shape)
    if not len(tensor.values):
        raise invalid_argument("Got empty tensor in batch of non-empty tensors.")
    values = np.full(shape, tensor.values[0], tensor.values.dtype)
    values[tuple(map(slice, tensor.shape))] = tensor.values.reshape(tensor.shape)
    return Tensor(values.ravel(), shape)


def _concatenated(alias: str, tensors: list[Tensor], extra_rows: int) -> Tensor:
    row_shape = tensors[0].shape[1:]
    if any(tensor.shape[1:] != row_shape for tensor in tensors):
        raise _different(alias)
    values = [tensor.values for tensor in tensors]
    # Row after row in memory: no shape is needed to put them together.
    values += [tensors[-1].values[: math.prod(row_shape)]] * extra_rows
    rows = sum(tensor.shape[0] for tensor in tensors) + extra_rows
    return Tensor(np.concatenate(values), (rows, *row_shape))


def _rows(tensor: Tensor, start: int, end: int) -> Tensor:
    width = math.prod(tensor.shape[1:])
    return Tensor(tensor.values[start * width : end * width], (end - start, *tensor.shape[1:]))


def _different(alias: str) -> ServingError:
    return ServingError(
        Code.FAILED_PRECONDITION,
        f"Tensors with name '{alias}' from different tasks have different shapes and padding is "
        "turned off. Set pad_variable_length_inputs to true, or ensure that all tensors with the "
        "same name have equal dimensions starting with the first dim.",
    )
