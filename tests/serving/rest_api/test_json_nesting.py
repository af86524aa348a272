"""JSON of any depth: the values of Python's scanner, errors at the same places, linear time."""

import json
import re
import time

import pytest

from serving.protocol.errors import ServingError
from serving.rest_api import json_nesting
from serving.rest_api.json_document import parse_document
from serving.rest_api.json_nesting import DeepParser

DEPTH = 500_000
TEXTS = [
    "1",
    '["a]", {"b": [1.5, {"}": null}], "c\\"": []}, [], {}, [ true ] ]',
    '{"a": [[[1, "x", -2], [3]], 4], "a": 5, "b": {"c": {"d": [{}]}}} and more',
    '[[[[1, 2, {"a": 1}, [2]]]], [[["x"], 1.25e3]]]',
    "[[[[]]]] ]",
    '{"a": {"b": {"c": {"d": {"e": [1]}}}}}',
]
WRONG = ["[1,]", "[1 2]", "[[1}]", '{"a" 1}', '{"a": 1,}', "{1: 2}", "[[[[", '[[[["a', "[[[,]]]"]
WRONG += [
    '[[[["\\u12"]]]]',
    '[[[["a\\u1"], 1]]]',
    '[[[{"a": [1, 2}]]]]',
    "[[[[1, x]]]]",
    "[[[[01]]]]",
    '[[[["\\x"]]]]',
    "",
    "]",
    "[[[1]]",
]


def parse(text: str, kept: int, monkeypatch):
    """The value and the place of its end, by a parser that never leaves lists to the scanner."""
    monkeypatch.setattr(json_nesting, "KEPT_DEPTH", kept)
    monkeypatch.setattr(json_nesting, "SCANNED_DEPTH", -1)

    def scan(text: str, position: int):
        assert text[position : position + 1] not in ("[", "{")
        return json.JSONDecoder().scan_once(text, position)

    value, end = DeepParser(text, scan).parse(0)
    return value, len(text[:end].rstrip())


@pytest.mark.parametrize("text", TEXTS)
def test_values_are_those_of_the_scanner(text, monkeypatch):
    pairs = json.JSONDecoder(object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    expected = pairs.raw_decode(text)
    assert parse(text, 300, monkeypatch) == expected
    # What is dropped is checked all the same.
    for kept in (1, 2, 3):
        assert parse(text, kept, monkeypatch)[1] == expected[1]


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("kept", [1, 2, 300])
def test_errors(text, kept, monkeypatch):
    with pytest.raises(json.JSONDecodeError):
        json.JSONDecoder().raw_decode(text)
    with pytest.raises(json.JSONDecodeError):
        parse(text, kept, monkeypatch)


def test_what_is_dropped_is_dropped(monkeypatch):
    assert parse("[[[1, 2], 3], [[4]], 5]", 2, monkeypatch)[0] == [[3], [], 5]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        (b"[", b"]"),
        (b" [ ", b" ] "),
        (b'{"a":', b"}"),
        (b'[{"a": ', b"}]"),
        (b"[1, ", b", 2]"),
    ],
)
def test_half_a_million_levels(opening, closing):
    levels = DEPTH // len(re.findall(rb"[\[{]", opening))
    started = time.monotonic()
    deep = opening * levels + b"1" + closing * levels
    assert parse_document(b'{"unknown": %s, "a": [1]}' % deep)["a"] == [1]
    # Bytes that are wrong after a depth, each at the place where it is found.
    opened, closed = opening * (levels // 5), closing * (levels // 5)
    for wrong in (opened, opened + b"1" + closed + b"]", opened + b"1" + closed[:-1] + b"x"):
        with pytest.raises(ServingError, match="JSON Parse error"):
            parse_document(b'{"unknown": %s, "a": [1]}' % wrong)
    assert time.monotonic() - started < 60
