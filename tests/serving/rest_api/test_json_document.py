"""The JSON that is accepted and refused before anything is known about the model."""

import math

import pytest

from serving.protocol.errors import ServingError
from serving.rest_api.json_document import parse_document, preview


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b' \n{"a": 1} and then {', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1, "b": 2, "a": 3}', {"a": 1, "b": 2}),
        (b'{"a": Infinity, "b": [-Infinity]}', {"a": math.inf, "b": [-math.inf]}),
        (b'{"a": Inf, "b": "Inf", "c": -Inf}', {"a": math.inf, "b": "Inf", "c": -math.inf}),
        (b'{"a": 1e-400}', {"a": 0.0}),
        (b'{"a": "\\u00e9"}', {"a": "\u00e9"}),
        (b'{"a": "\\ud83c\\udfac"}', {"a": "\U0001f3ac"}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a": "\xff"}', {"a": "\udcff"}),
        (b'{"a": "\xff\\ud83c\\udfac"}', {"a": "\udcff\U0001f3ac"}),
        (b'{"\xff": "\\uD83C\\uDFAC\\\\ud83c"}', {"\udcff": "\U0001f3ac\\ud83c"}),
        (b'{"a": 1} "\\ud800"', {"a": 1}),
    ],
)
def test_documents(body, expected):
    assert parse_document(body) == expected


@pytest.mark.parametrize("token", [b"NaN", b"-NaN"])
def test_not_a_number_is_a_number(token):
    assert math.isnan(parse_document(b'{"a": %s}' % token)["a"])


def test_integers_and_floats_keep_apart():
    values = parse_document(b'{"a": [1, 1.0, 1e2, -0]}')["a"]
    assert [type(value) for value in values] == [int, float, float, int]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b" \n", "JSON Parse error: The document is empty"),
        (b"hello", "JSON Parse error: Invalid value. at offset: 0"),
        (b'{"instances": [1, tru]}', "JSON Parse error: Invalid value. at offset: 18"),
        ('{"é": x}'.encode(), "JSON Parse error: Invalid value. at offset: 7"),
        (b'{"a": 1', "JSON Parse error"),
        (b"{'a': 1}", "JSON Parse error"),
        (b'{"a": 1e400}', "JSON Parse error: Number too big"),
        (b'{"a": -1e400}', "JSON Parse error: Number too big"),
        (b'{"a": %s}' % (b"1" * 5000), "JSON Parse error: Number too big"),
        (b'{"a": "\\ud800"}', "JSON Parse error: The surrogate pair"),
        (b'{"a": "\\udc80"}', "JSON Parse error: The surrogate pair"),
        (b'{"a": "\xff\\udcff"}', "JSON Parse error: The surrogate pair"),
        (b'{"a": "\\\\ud83c\\udfac"}', "JSON Parse error: The surrogate pair"),
        (b'{"\\ud83c\xff\\udfac": 1}', "JSON Parse error: The surrogate pair"),
        # Each of these quotes could begin a string.
        (b'{"a": x, "' + b'\\"' * 500_000, "JSON Parse error: Invalid value. at offset: 6"),
        (b"[1, 2]", "JSON Value: [1, 2] Is not object"),
        (b"3", "Is not object"),
        (b"null", "Is not object"),
    ],
)
def test_refused_documents(body, message):
    with pytest.raises(ServingError) as caught:
        parse_document(body)
    assert message in caught.value.message


def test_previews_are_short():
    assert preview({"a": [1, None]}) == '{"a": [1, null]}'
    assert len(preview("x" * 1000)) == 256
