"""Merging, padding and taking apart, by hand."""

import numpy as np
import pytest

from serving.batching.batch_tensors import count_rows, merge, pad, split
from serving.inference.tensor import Tensor
from serving.protocol.errors import ServingError
from serving.protocol.status import Code


def tensor(values, dtype=None) -> Tensor:
    """Strings need the dtype `object`; NumPy's own would lose zero bytes."""
    array = np.array(values, dtype)
    return Tensor(array.ravel(), array.shape)


def rows(tensor: Tensor) -> list:
    return tensor.values.reshape(tensor.shape).tolist()


def refused(code: Code, message: str):
    return pytest.raises(ServingError, check=lambda e: e.code == code and message in e.message)


def test_rows_are_those_of_all_inputs():
    assert count_rows({"a": tensor([[1, 2]] * 3), "b": tensor([1, 2, 3])}) == 3


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({}, "at least one input tensor"),
        ({"a": tensor([1]), "b": tensor(1)}, "must have at least one dimension"),
        ({"a": tensor([1, 2]), "b": tensor([1])}, "must have equal 0th-dimension size"),
    ],
)
def test_rows_refused(feeds, message):
    with refused(Code.INVALID_ARGUMENT, message):
        count_rows(feeds)


def test_merge():
    one = {"ids": tensor([[1, 2], [3, 4]]), "text": tensor([b"a", b"b\0"], object)}
    merged = merge([one, {"ids": tensor([[5, 6]]), "text": tensor([b""], object)}])
    assert rows(merged["ids"]) == [[1, 2], [3, 4], [5, 6]]
    assert rows(merged["text"]) == [b"a", b"b\0", b""]


def test_merge_repeats_the_first_row_of_the_last_request():
    merged = merge([{"x": tensor([[1, 2]])}, {"x": tensor([[3, 4], [5, 6]])}], extra_rows=2)
    assert rows(merged["x"]) == [[1, 2], [3, 4], [5, 6], [3, 4], [3, 4]]


def test_merge_refuses_other_shapes():
    with refused(Code.FAILED_PRECONDITION, "Tensors with name 'x' from different tasks"):
        merge([{"x": tensor([[1, 2]])}, {"x": tensor([[1]])}])


def test_split():
    outputs = {
        "scores": tensor([[1, 2], [3, 4], [5, 6]]),
        "text": tensor([b"a", b"b", b"c"], object),
    }
    first, second = split(outputs, [1, 2])
    assert (rows(first["scores"]), rows(first["text"])) == ([[1, 2]], [b"a"])
    assert (rows(second["scores"]), rows(second["text"])) == ([[3, 4], [5, 6]], [b"b", b"c"])


def test_split_takes_tensors_of_many_dimensions():
    deep = Tensor(np.arange(4), (2, *[1] * 100, 2))
    first, second = split({"y": deep}, [1, 1])
    assert first["y"].values.tolist() == [0, 1] and second["y"].shape == (1, *[1] * 100, 2)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (tensor(1), "Batched output tensor has 0 dimensions"),
        (tensor([1, 2]), "0th dimension does not equal the sum"),
    ],
)
def test_split_refused(output, message):
    with refused(Code.FAILED_PRECONDITION, message):
        split({"y": output}, [1, 2])


def test_padding_is_the_own_first_element():
    one, other = pad([{"x": tensor([[7, 8, 9]])}, {"x": tensor([[4], [5]])}])
    assert rows(one["x"]) == [[7, 8, 9]]
    assert rows(other["x"]) == [[4, 4, 4], [5, 4, 4]]


def test_padding_of_strings_and_several_dimensions():
    one, other = pad(
        [{"x": tensor([[[b"a"], [b"b"]]], object)}, {"x": tensor([[[b"c", b"d"]]], object)}]
    )
    assert rows(one["x"]) == [[[b"a", b"a"], [b"b", b"a"]]]
    assert rows(other["x"]) == [[[b"c", b"d"], [b"c", b"c"]]]


def test_padding_leaves_empty_ones_that_fit():
    empty = {"x": Tensor(np.array([], np.int64), (2, 0))}
    assert pad([empty, empty]) == [empty, empty]


@pytest.mark.parametrize(
    ("shapes", "code", "message"),
    [
        ([(1, 0), (1, 2)], Code.INVALID_ARGUMENT, "Got empty tensor in batch of non-empty"),
        ([(1,) * 7, (1,) * 7], Code.INVALID_ARGUMENT, "Only tensors with rank from 1 to 6"),
        ([(1, 1), (1,)], Code.FAILED_PRECONDITION, "different shapes"),
    ],
)
def test_padding_refused(shapes, code, message):
    with refused(code, message):
        pad([{"x": Tensor(np.zeros(np.prod(shape), int), shape)} for shape in shapes])
