"""Predict requests in row and column form."""

import numpy as np
import pytest

from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.json_request import is_row_form, read_columns, read_rows, read_signature_name

ONE = {"x": "DT_FLOAT"}
TWO = {"b": "DT_STRING", "a": "DT_INT64"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, "serving_default"),
        ({"signature_name": ""}, "serving_default"),
        ({"signature_name": "s"}, "s"),
    ],
)
def test_signature_name(document, expected):
    assert read_signature_name(document) == expected


@pytest.mark.parametrize("value", [1, None, ["s"], {}])
def test_signature_name_of_another_type(value):
    with pytest.raises(ServingError, match="'signature_name' key must be a string value."):
        read_signature_name({"signature_name": value})


def test_form():
    assert is_row_form({"instances": []})
    assert not is_row_form({"inputs": []})
    with pytest.raises(ServingError, match="Not formatted correctly expecting only one of"):
        is_row_form({"instances": [], "inputs": []})
    with pytest.raises(ServingError, match="Missing 'inputs' or 'instances' key"):
        is_row_form({"instance": []})


@pytest.mark.parametrize(
    ("instances", "shape"),
    [
        ([1, 2.5], (2,)),
        ([{"x": 1}, {"x": 2.5}], (2,)),
        ([[1], [2.5]], (2, 1)),
        ([{"x": [[1, 2]]}], (1, 1, 2)),
        ([[], []], (2, 0)),
    ],
)
def test_rows_of_one_input_are_stacked(instances, shape):
    assert read_rows(instances, ONE)["x"].shape == shape


def test_rows_of_two_inputs():
    feeds = read_rows([{"a": 1, "b": "u"}, {"b": {"b64": "dg=="}, "a": 2}], TWO)
    assert feeds["a"].values.tolist() == [1, 2]
    assert feeds["b"].values.tolist() == [b"u", b"v"]


@pytest.mark.parametrize(
    ("instances", "inputs", "message"),
    [
        ({"x": 1}, ONE, "to be an list/array"),
        ([], ONE, "No values in 'instances' array"),
        ([[1, 2, 3], [1, 2]], ONE, "Expecting tensor size: 3 but got: 2"),
        ([[1, 2], [[1, 2]]], ONE, r"Expecting shape \[2\] but got: \[1,2\]"),
        ([[1, [2]]], ONE, "Encountered list at unexpected level"),
        ([1, {"x": 1}], ONE, "Expecting value/list but got object"),
        ([{"x": 1}, 1], ONE, "Expecting object but got list"),
        ([{"c": 1}], ONE, "does not have named input: c"),
        ([{"a": 1}], TWO, "keys must be equal to: a,b"),
        ([{"a": 1, "b": "", "c": 1}], TWO, "does not have named input: c"),
        ([[1, 2]], TWO, "instances is a plain list"),
        ([True], ONE, "not of expected type: float"),
        ([1], {"h": "DT_HALF"}, "h"),
    ],
)
def test_refused_rows(instances, inputs, message):
    with pytest.raises(ServingError, match=message) as caught:
        read_rows(instances, inputs)
    assert caught.value.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("value", [[1.0, 2.0], {"x": [1.0, 2.0]}, {"x": [1.0, 2.0], "other": 1}])
def test_columns_of_one_input(value):
    np.testing.assert_array_equal(read_columns(value, ONE)["x"].values, [1.0, 2.0])


def test_a_bare_value_is_a_scalar():
    assert read_columns(3, ONE)["x"].shape == ()
    assert read_columns({"b64": "AA=="}, {"s": "DT_STRING"})["s"].values.tolist() == [b"\x00"]


def test_columns_may_have_different_sizes():
    feeds = read_columns({"a": [1, 2, 3], "b": [["u"]]}, TWO)
    assert (feeds["a"].shape, feeds["b"].shape) == ((3,), (1, 1))


@pytest.mark.parametrize(
    ("value", "inputs", "code", "message"),
    [
        ({"a": 1}, TWO, Code.INVALID_ARGUMENT, "Missing named input: b in 'inputs' object."),
        ([1], TWO, Code.INVALID_ARGUMENT, "plain value/list"),
        ([[1], [2, 3]], ONE, Code.INVALID_ARGUMENT, "Encountered list at unexpected size"),
        ([1], {"h": "DT_HALF"}, Code.UNIMPLEMENTED, "DT_HALF"),
    ],
)
def test_refused_columns(value, inputs, code, message):
    with pytest.raises(ServingError, match=message) as caught:
        read_columns(value, inputs)
    assert caught.value.code == code
