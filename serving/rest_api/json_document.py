"""Request text -> Python values, with the strictness and the leniency of TensorFlow Serving.

Python's own scanner does the work and keeps `1` (int) apart from `1.0` (float). Differences from
`json.loads`: a byte order mark and anything after the first value are ignored, the first of
duplicate keys wins, numbers too large for a double are refused, `Inf` and `-NaN` are numbers, and
text that is not UTF-8 passes through byte for byte (as surrogate escapes).

One known difference from TensorFlow Serving: nesting beyond about a thousand levels is refused
wherever it stands, also below keys that are ignored.
"""

import json
import math
import re

from serving.errors import ServingError, invalid_argument

WHITESPACE = " \t\n\r"
PREVIEW_LENGTH = 256

_SPELLING = {"Inf": "Infinity", "-Inf": "-Infinity", "-NaN": "NaN"}
_STRING_OR_SPELLING = re.compile(r'"(?:[^"\\]|\\.)*"|-?Inf(?!inity)|-NaN', re.DOTALL)


def parse_document(body: bytes) -> dict:
    """Parse a request body.

    Returns:
        The top-level object; numbers are `int` or `float` as they were written.

    Raises:
        ServingError: INVALID_ARGUMENT, not JSON, not an object, or nested too deep.
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


def _parse(text: str, start: int):
    try:
        document = _scan(text, start)
        if "\\ud" in text or "\\uD" in text:
            # Half a surrogate pair has no UTF-8 form: refuse it here, once, not at every string.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode("utf-8", "surrogateescape"))
        reason = "Invalid value" if error.msg == "Expecting value" else error.msg
        raise invalid_argument(f"JSON Parse error: {reason}. at offset: {offset}") from None
    except UnicodeEncodeError:
        reason = "The surrogate pair in string is invalid."
        raise invalid_argument(f"JSON Parse error: {reason}") from None
    except RecursionError:
        reason = "nesting deeper than any tensor has dimensions"
        raise invalid_argument(f"JSON Parse error: {reason}") from None
    except ValueError:
        # Also an integer of thousands of digits, which Python does not convert.
        raise number_too_big() from None
    return document


def _scan(text: str, start: int):
    try:
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError:
        respelt = _STRING_OR_SPELLING.sub(lambda match: _SPELLING.get(match[0], match[0]), text)
        if respelt == text:
            raise
        return _DECODER.raw_decode(respelt, start)[0]


def _first_key_wins(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


def _finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_first_key_wins, parse_float=_finite_float)
