"""The text of answers; numbers as TensorFlow Serving writes them."""

import json

import numpy as np
import pytest

from serving.inference.tensor import Tensor, string_values
from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.json_response import float_texts, outputs_text, predictions_text, value_texts

LARGEST_FLOAT = np.finfo(np.float32).max


def tensor(values) -> Tensor:
    array = np.array(values)
    return Tensor(array.ravel(), array.shape)


def strings(*values: bytes) -> Tensor:
    return Tensor(string_values(list(values)), (len(values),))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (9000000, "9e+06"),
        (999999, "999999.0"),
        (0.1, "0.1"),
        (np.pi, "3.14159274"),
        (-0.0, "-0.0"),
        (0, "0.0"),
        (1, "1.0"),
        (16777216, "16777216.0"),
        (1e-7, "1e-07"),
        (-LARGEST_FLOAT, "-3.40282347e+38"),
        (np.nan, "NaN"),
        (np.inf, "Infinity"),
        (-np.inf, "-Infinity"),
    ],
)
def test_float32(value, expected):
    assert float_texts(np.array([value], np.float32)) == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, "0.1"),
        (0.5, "0.5"),
        (1e22, "1e+22"),
        (123456, "123456.0"),
        (1234567, "1234567.0"),
        (1 / 3, "0.33333333333333331"),
        (np.float64(np.float32(0.1)), "0.10000000149011612"),
    ],
)
def test_float64(value, expected):
    assert float_texts(np.array([value], np.float64)) == [expected]


def test_every_float32_reads_back_the_same():
    bits = np.random.default_rng(0).integers(0, 2**32, 5000, dtype=np.uint32)
    numbers = bits.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    np.testing.assert_array_equal(np.array(float_texts(numbers), dtype=np.float32), numbers)


def test_other_values():
    assert value_texts(np.array([True, False]), "x") == ["true", "false"]
    assert value_texts(np.array([-(2**63)]), "x") == [str(-(2**63))]
    assert value_texts(np.array([2**64 - 1], np.uint64), "x") == [str(2**64 - 1)]
    assert value_texts(string_values([b'a"b\\\n']), "x") == ['"a\\"b\\\\\\n"']
    assert value_texts(string_values([b"\x00\xff"]), "raw_bytes") == ['{"b64": "AP8="}']


def test_strings_are_written_byte_for_byte():
    (text,) = value_texts(string_values([b"\xc3\xa9\xff"]), "x")
    assert text.encode("utf-8", "surrogateescape") == b'"\xc3\xa9\xff"'


def test_a_type_that_json_cannot_express():
    with pytest.raises(ServingError, match="float16") as caught:
        value_texts(np.zeros(1, np.float16), "x")
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert value_texts(np.zeros(0, np.complex64), "x") == []


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"y": tensor([1, 2])}, [1, 2]),
        ({"y": tensor([[1], [2]])}, [[1], [2]]),
        ({"y": tensor(np.zeros((0, 3)))}, []),
        ({"y": tensor(np.zeros((2, 0)))}, [[], []]),
        (
            {"a%s": tensor([1, 2]), "b": tensor([[True], [False]])},
            [{"a%s": 1, "b": [True]}, {"a%s": 2, "b": [False]}],
        ),
        ({"a": strings(), "b": tensor(np.zeros(0))}, []),
        ({"a": strings(b"100%s"), "b": tensor([1])}, [{"a": "100%s", "b": 1}]),
    ],
)
def test_predictions(outputs, expected):
    assert json.loads(predictions_text(outputs)) == {"predictions": expected}


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"y": tensor(1)}, "has no shape information"),
        ({"a": tensor([1, 2]), "b": tensor([1])}, "b has inconsistent batch size: 1"),
    ],
)
def test_outputs_without_rows(outputs, message):
    with pytest.raises(ServingError, match=message) as caught:
        predictions_text(outputs)
    assert caught.value.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"y": tensor([[1, 2], [3, 4]])}, [[1, 2], [3, 4]]),
        ({"y": tensor(7)}, 7),
        ({"y": tensor(np.zeros((2, 0, 3)))}, [[], []]),
        ({"a": tensor([1, 2, 3]), "b": tensor(True)}, {"a": [1, 2, 3], "b": True}),
    ],
)
def test_outputs(outputs, expected):
    assert json.loads(outputs_text(outputs)) == {"outputs": expected}
