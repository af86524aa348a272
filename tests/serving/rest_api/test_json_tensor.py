"""Value types are strict: each TensorFlow type accepts its own JSON tokens and no others."""

import json

import numpy as np
import pytest

from serving.protocol.errors import ServingError
from serving.rest_api.json_document import parse_document
from serving.rest_api.json_tensor import read_tensor

LOWEST_INT32, HIGHEST_INT32 = -(2**31), 2**31 - 1


def read(text: str, dtype: str):
    return read_tensor(parse_document(b'{"v": %s}' % text.encode())["v"], dtype, "x")


@pytest.mark.parametrize(
    ("text", "dtype", "values", "shape"),
    [
        ("3", "DT_INT32", np.array([3], np.int32), ()),
        ("[[1, 2], [3, 4], [5, 6]]", "DT_INT64", np.arange(1, 7), (3, 2)),
        ("[]", "DT_INT64", np.array([], np.int64), (0,)),
        ("[[], []]", "DT_FLOAT", np.array([], np.float32), (2, 0)),
        (f"[{LOWEST_INT32}, {HIGHEST_INT32}]", "DT_INT32", np.array([-(2**31), 2**31 - 1]), (2,)),
        (f"[{2**63 - 1}]", "DT_INT64", np.array([2**63 - 1]), (1,)),
        (f"[{2**64 - 1}]", "DT_UINT64", np.array([2**64 - 1], np.uint64), (1,)),
        # Checked as int32, then 300 - 256 = 44.
        ("[300]", "DT_UINT8", np.array([44], np.uint8), (1,)),
        ("[true, false]", "DT_BOOL", np.array([True, False]), (2,)),
        ("[1, 0.5, 1e2]", "DT_FLOAT", np.array([1, 0.5, 100], np.float32), (3,)),
        ("[1e39, -1e39, 1e-60]", "DT_FLOAT", np.array([np.inf, -np.inf, 0], np.float32), (3,)),
        ("[Infinity, -Infinity]", "DT_DOUBLE", np.array([np.inf, -np.inf]), (2,)),
        (f"[{10**30}]", "DT_DOUBLE", np.array([1e30]), (1,)),
    ],
)
def test_numbers(text, dtype, values, shape):
    tensor = read(text, dtype)
    np.testing.assert_array_equal(tensor.values, values)
    assert tensor.shape == shape
    expected = {"DT_INT32": np.int32, "DT_UINT8": np.uint8, "DT_BOOL": bool}.get(dtype)
    assert expected is None or tensor.values.dtype == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', [b"a"]),
        ('{"b64": "AAE="}', [b"\x00\x01"]),
        ('["a", {"b64": "/w=="}]', [b"a", b"\xff"]),
        ('[{"b64": "/w"}]', [b"\xff"]),
        ('["\\u00e9", ""]', ["é".encode(), b""]),
    ],
)
def test_strings(text, expected):
    assert read(text, "DT_STRING").values.tolist() == expected


def test_bytes_that_are_not_utf8_pass():
    document = parse_document(b'{"v": ["\xff\xfe"]}')
    assert read_tensor(document["v"], "DT_STRING", "x").values.tolist() == [b"\xff\xfe"]


@pytest.mark.parametrize(
    ("text", "dtype", "expected"),
    [
        *[(text, "DT_INT64", "int64") for text in ("1.0", "1e2", "true", '"1"', "null", "NaN")],
        *[(text, "DT_FLOAT", "float") for text in ("true", '"1"', "null", '{"b64": "AA=="}')],
        *[(text, "DT_BOOL", "bool") for text in ("1", "0", '"true"', "null")],
        *[(text, "DT_STRING", "string") for text in ("1", "true", "null", '{"b64": 1}')],
        ('{"b64": "AA==", "x": 1}', "DT_STRING", "string"),
        ('["1.5"]', "DT_DOUBLE", "double"),
        (str(2**31), "DT_INT32", "int32"),
        (str(2**31), "DT_INT8", "int8"),
        (str(2**63), "DT_INT64", "int64"),
        ("-1", "DT_UINT64", "uint64"),
        ("-1", "DT_UINT32", "uint32"),
        ("[1, 2.5]", "DT_INT32", "int32"),
        ('[1, {"a": 1}]', "DT_FLOAT", "float"),
    ],
)
def test_values_of_another_type(text, dtype, expected):
    with pytest.raises(ServingError, match=f"not of expected type: {expected}$"):
        read(text, dtype)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2], [3]]", "Encountered list at unexpected size: 1"),
        ("[1, [2]]", "Encountered list at unexpected level"),
        ("[[1], 2]", "2 found at incorrect level"),
        ("[" * 255 + "]" * 255, "tensor parsing error: x"),
        (f"[{'1' * 400}]", "Number too big"),
    ],
)
def test_lists_that_are_no_tensor(text, message):
    with pytest.raises(ServingError, match=message):
        read(text, "DT_FLOAT")


def test_bad_base64():
    with pytest.raises(ServingError, match="Unable to base64 decode"):
        read(json.dumps({"b64": "?"}), "DT_STRING")


def test_254_dimensions_are_fine():
    assert read("[" * 254 + "7" + "]" * 254, "DT_INT32").shape == (1,) * 254
