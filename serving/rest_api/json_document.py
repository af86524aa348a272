"""Request text -> Python values, with the strictness and the leniency of TensorFlow Serving.

Python's own scanner does the work and keeps `1` (int) apart from `1.0` (float). Differences from
`json.loads`: a byte order mark and anything after the first value are ignored, the first of
duplicate keys wins, numbers too large for a double are refused, `Inf` and `-NaN` are numbers, text
that is not UTF-8 passes through byte for byte (as surrogate escapes), and nesting has no limit.
"""

import json
import math
import re
from typing import Any

from serving.protocol.errors import ServingError, invalid_argument
from serving.rest_api.json_nesting import DeepParser

WHITESPACE = " \t\n\r"
PREVIEW_LENGTH = 256

_SPELLING = {"Inf": "Infinity", "-Inf": "-Infinity", "-NaN": "NaN"}
# A string without its end reaches to the end of the text, or each of its quotes would be tried.
_STRING_OR_SPELLING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|-?Inf(?!inity)|-NaN', re.DOTALL)
# A surrogate pair, half of one, or another escaped character.
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]|(?P<half>u[dD][89a-fA-F])|.)", re.DOTALL)

Json = Any  # a document that has been parsed, or a part of it


def parse_document(body: bytes) -> dict:
    """Parse a request body.

    Returns:
        The top-level object; numbers are `int` or `float` as they were written.

    Raises:
        ServingError: INVALID_ARGUMENT, not JSON, or not an object.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    start = len(text) - len(text.lstrip(WHITESPACE))
    if start == len(text):
        raise invalid_argument("JSON Parse error: The document is empty. at offset: 0")
    document = _parse(text, start)
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {preview(document)} Is not object")
    return document


def number_too_big() -> ServingError:
    """The error for a number that no double can hold."""
    return invalid_argument("JSON Parse error: Number too big to be stored in double.")


def preview(value: object) -> str:
    """A value as JSON for an error message, cut to 256 characters."""
    try:
        return json.dumps(value, ensure_ascii=False)[:PREVIEW_LENGTH]
    except RecursionError:
        return "[...]"


def type_name(value: object) -> str:
    """What JSON calls the type of a parsed value."""
    names = {bool: "Bool", int: "Number", float: "Number", str: "String", list: "Array"}
    return "Null" if value is None else names.get(type(value), "Object")


def _parse(text: str, start: int) -> object:
    try:
        document, end = _scan(text, start)
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode("utf-8", "surrogateescape"))
        reason = "Invalid value" if error.msg == "Expecting value" else error.msg
        raise invalid_argument(f"JSON Parse error: {reason}. at offset: {offset}") from None
    except ValueError:
        # Also an integer of thousands of digits, which Python does not convert.
        raise number_too_big() from None
    _require_pairs(text, start, end)
    return document


def _scan(text: str, start: int) -> tuple[object, int]:
    try:
        return _scan_strictly(text, start)
    except json.JSONDecodeError:
        if "Inf" not in text and "-NaN" not in text:
            raise
        respelt = _STRING_OR_SPELLING.sub(lambda match: _SPELLING.get(match[0], match[0]), text)
        if respelt == text:
            raise
        return _scan_strictly(respelt, start)


def _scan_strictly(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        scan = _DECODER.scan_once  # type: ignore[attr-defined]
        return DeepParser(text, scan).parse(start)


def _require_pairs(text: str, start: int, end: int) -> None:
    """Check that no escape is half a surrogate pair, which has no UTF-8 form.

    The values do not tell: a byte that is not UTF-8 looks like half a pair there.
    """
    if ("\\ud" in text or "\\uD" in text) and any(
        escape["half"] for escape in _ESCAPE.finditer(text, start, end)
    ):
        raise invalid_argument("JSON Parse error: The surrogate pair in string is invalid.")


def _first_key_wins(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_first_key_wins, parse_float=_finite_float)
