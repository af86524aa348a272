"""JSON nested deeper than Python's own scanner goes, without recursion, as in TensorFlow Serving.

No tensor has more than 254 dimensions, so what lies deeper than `KEPT_DEPTH` is checked and then
dropped: half a million lists below a key that nobody reads take a byte each.
"""

import re
import sys
from collections.abc import Callable
from itertools import islice
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from os.path import commonprefix

KEPT_DEPTH = 300
# Down to here the fast scanner may try, in vain so often at most.
SCANNED_DEPTH = 2

# Python before 3.11.5 goes on from the middle of a last repetition that does not match
# (python/cpython issue 106052), so it gets the same in groups that take some 120 bytes a level.
_MANY = "(?:{})*+" if sys.version_info >= (3, 11, 5) else "(?>(?:{})*)"

_S = r"[ \t\n\r]*+"
_STRING = f'"{_MANY}"'.format(r'[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
# Values that are certainly right; others are left to the scanner.
_PLAIN = rf"(?:{_STRING}|true|false|null|-?(?:0|[1-9]\d{{0,99}}+)(?:\.\d{{1,99}}+)?(?![\d.eE]))"
_BEGIN = rf"(?:\[{_MANY.format(f'{_S}{_PLAIN}{_S},')}|\{{{_S}{_STRING}{_S}:)"
_END = rf"(?:{_MANY.format(f',{_S}{_PLAIN}{_S}')}\]|\}})"
_SPACE = re.compile(_S)
_OPENING = re.compile(_BEGIN + _MANY.format(_S + _BEGIN))
_CLOSING = re.compile(_END + _MANY.format(_S + _END))
_STRING_OR_BRACKET = re.compile(rf"{_STRING}|[\[\]{{}}]")
_NO_BRACKET = rf'(?:{_STRING}|[^\[\]{{}}"]++)'
_NO_BRACKETS = re.compile(_NO_BRACKET + _MANY.format(_NO_BRACKET))
_PARTNER = bytes.maketrans(b"[{", b"]}")


class DeepParser:
    """Parses one text.

    Args:
        text: JSON.
        scan: `JSONDecoder.scan_once`, which returns the value at a position and its end.
    """

    def __init__(self, text: str, scan: Callable[[str, int], tuple[object, int]]):
        self._text = text
        self._scan = scan
        self._open = bytearray()  # a bracket a level
        # Of the outermost of these levels: what has come so far, and the last key of an object.
        self._kept: list[list | dict] = []
        self._keys: list[str] = []
        self._document: object = None

    def parse(self, start: int) -> tuple[object, int]:
        """The value that begins at a position, and its end.

        Raises:
            JSONDecodeError: there is none.
        """
        step: Callable[[int], tuple[Callable | None, int]] | None = self._value
        position = start
        while step is not None:
            step, position = step(self._skip(position))
        return self._document, position

    def _value(self, position: int) -> tuple[Callable | None, int]:
        """Read a value, or the beginning of a list or an object; what to read next, and where."""
        bracket = self._text[position : position + 1]
        if bracket not in ("[", "{") or len(self._open) <= SCANNED_DEPTH:
            try:
                value, end = self._scan(self._text, position)
            except StopIteration:
                raise self._error("Expecting value", position) from None
            except RecursionError:
                pass
            else:
                self._keep(value)
                return self._next, end
        if len(self._open) >= KEPT_DEPTH and (run := _OPENING.match(self._text, position)):
            self._open += _NO_BRACKETS.sub("", run[0]).encode()
            if run[0].endswith("["):
                return self._unless("]", self._value, run.end())
            return self._value, run.end()
        self._begin([] if bracket == "[" else {}, bracket.encode())
        if bracket == "[":
            return self._unless("]", self._value, position + 1)
        return self._unless("}", self._key, position + 1)

    def _key(self, position: int) -> tuple[Callable, int]:
        """Read a key and its colon."""
        if not self._text.startswith('"', position):
            raise self._error("Expecting property name enclosed in double quotes", position)
        key, end = scanstring(self._text, position + 1)
        colon = self._skip(end)
        if not self._text.startswith(":", colon):
            raise self._error("Expecting ':' delimiter", colon)
        if len(self._open) == len(self._kept):
            self._keys[-1] = key
        return self._value, colon + 1

    def _next(self, position: int) -> tuple[Callable | None, int]:
        """Read what follows a value: a comma, or the end of a list or an object."""
        if not self._open:
            return None, position
        in_list = self._open.endswith(b"[")
        if self._text.startswith(",", position):
            return self._value if in_list else self._key, position + 1
        if not self._text.startswith("]" if in_list else "}", position):
            raise self._error("Expecting ',' delimiter", position)
        dropped = len(self._open) - len(self._kept)
        if dropped:
            return self._next, self._end_dropped(position, dropped)
        del self._open[-1], self._kept[-1], self._keys[-1]
        return self._next, position + 1

    def _end_dropped(self, position: int, dropped: int) -> int:
        """End all that was dropped and ends here, one after the other; the position after that."""
        run = _CLOSING.match(self._text, position)
        if run is None:
            raise self._error("Expecting ',' delimiter", position)
        brackets = _NO_BRACKETS.sub("", run[0]).encode()[:dropped]
        expected = self._open[-len(brackets) :][::-1].translate(_PARTNER)
        count = len(commonprefix([brackets, bytes(expected)]))
        del self._open[-count:]
        ends = (match.end() for match in _STRING_OR_BRACKET.finditer(run[0]) if match[0] in "]}")
        return position + next(islice(ends, count - 1, None))

    def _begin(self, container: list | dict, bracket: bytes) -> None:
        if len(self._open) < KEPT_DEPTH:
            self._keep(container)
            self._kept.append(container)
            self._keys.append("")
        self._open += bracket

    def _keep(self, value: object) -> None:
        """Put a value where it belongs, unless that is too deep."""
        if not self._open:
            self._document = value
        elif len(self._open) == len(self._kept):
            parent = self._kept[-1]
            if isinstance(parent, list):
                parent.append(value)
            else:
                parent.setdefault(self._keys[-1], value)

    def _unless(self, end: str, step: Callable, position: int) -> tuple[Callable, int]:
        """`step`, unless the list or object ends before it began."""
        position = self._skip(position)
        return self._next if self._text.startswith(end, position) else step, position

    def _skip(self, position: int) -> int:
        space = _SPACE.match(self._text, position)
        return space.end() if space else position

    def _error(self, reason: str, position: int) -> JSONDecodeError:
        return JSONDecodeError(reason, self._text, position)
