"""Classify and regress requests become `tf.train.Example`s with the right feature kinds."""

import pytest
from tensorflow.core.example.example_pb2 import Example

from serving.protocol.errors import ServingError
from serving.rest_api.examples import read_examples
from serving.rest_api.json_document import parse_document


def features(body: bytes) -> list[dict[str, list]]:
    """name -> [kind, values...] of every example of a request."""
    examples = [Example.FromString(text) for text in read_examples(parse_document(body))]
    return [
        {name: described(feature) for name, feature in example.features.feature.items()}
        for example in examples
    ]


def described(feature) -> list:
    kind = feature.WhichOneof("kind")
    return [kind, *getattr(feature, kind).value] if kind else [None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"80.0", ["float_list", 80.0]),
        (b"80", ["int64_list", 80]),
        (b"[1, 2, 3]", ["int64_list", 1, 2, 3]),
        (b"true", ["int64_list", 1]),
        (b"[1e2, -0.5]", ["float_list", 100.0, -0.5]),
        (b'"a"', ["bytes_list", b"a"]),
        (b'["a", {"b64": "/w=="}]', ["bytes_list", b"a", b"\xff"]),
        (b"[]", [None]),
        (b"[9223372036854775807]", ["int64_list", 2**63 - 1]),
    ],
)
def test_kinds(value, expected):
    assert features(b'{"examples": [{"x": %s}]}' % value) == [{"x": expected}]


def test_context_is_merged_and_the_example_wins():
    body = b'{"context": {"a": 1, "b": 1}, "examples": [{"b": 2}, {"c": 3}]}'
    assert features(body) == [
        {"a": ["int64_list", 1], "b": ["int64_list", 2]},
        {"a": ["int64_list", 1], "b": ["int64_list", 1], "c": ["int64_list", 3]},
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "Missing 'examples' key"),
        (b'{"examples": {}}', "to be an list/array"),
        (b'{"examples": []}', "No values in 'examples' array"),
        (b'{"examples": [1]}', "expecting an object"),
        (b'{"examples": [{}], "context": []}', "'context'"),
        (b'{"examples": [{"x": [1, 2.5]}]}', "mixes values of different types"),
        (b'{"examples": [{"x": [1, "a"]}]}', "mixes values of different types"),
        (b'{"examples": [{"x": null}]}', "Type: Null"),
        (b'{"examples": [{"x": [[1]]}]}', "Type: Array"),
        (b'{"examples": [{"x": {"y": 1}}]}', "Type: Object"),
        (b'{"examples": [{"x": 9223372036854775808}]}', "out of int64's range"),
    ],
)
def test_refused_examples(body, message):
    with pytest.raises(ServingError, match=message):
        read_examples(parse_document(body))
