r"""What the quotes of a CSV or TSV file are: around cells, or part of them.

Every parser takes `"Heroes` at the start of a cell for the start of a quoted cell, which ends at
some other quote further down; the rows between are gone. So each quote is looked at before the file
is parsed. In CSV a quote that opens a cell must close it. TSV is often written without quoting, so
there a quote that does not makes all quotes part of their cells, unless it surrounds a whole cell.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import Literal

from seqrec_tf.data.table_files import open_binary
from seqrec_tf.errors import InputError

BLOCK = 1 << 20
LONGEST_CELL = 1 << 26
"""Bytes in which a quote must be closed: one that never is must not fill the memory."""
MARK = b"\xef\xbb\xbf"
WHOLE_CELL = re.compile(r'"((?:[^"]|"")*)"', re.DOTALL)
NUMBER = re.compile(rb'\s*"?[+-]?[0-9][0-9.:TZeE+ -]*"?\s*')
"""A number or a date, quoted or not."""


Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE


def quoting(path: Path, separator: str, trusted: bool = False) -> Quoting:
    """How a file is to be parsed so that no row of it is lost.

    Args:
        path: the file, gzipped or not.
        separator: between values.
        trusted: whether a quoted cell may look like rows, because the file was written by this
            project, or has been looked at before.

    Returns:
        `csv.QUOTE_MINIMAL`, or `csv.QUOTE_NONE` for TSV whose quotes are part of the cells, but
        for those around a whole cell, which `unquoted` takes off.

    Raises:
        InputError: a quote of a CSV file that is not closed as CSV wants it, or one that is closed
            after lines that could be rows of their own; or a NUL byte.
    """
    clean, quote, cell = _patterns(separator)
    line, rest, width = 1, b"", 0
    with open_binary(path) as file:
        while True:
            read = file.read(BLOCK)
            block = (rest + read).removeprefix(MARK) if line == 1 else rest + read
            if b"\0" in read:
                raise _nul(path, line + _lines(block[: block.index(b"\0")]))
            end = block.rfind(b"\n") + 1 if read else len(block)
            width = width or _width(block[:end], cell)
            # Where every quote belongs to a cell of one line, one look at the block is enough.
            plain = clean.match(block, 0, end)
            doubts = plain is None or plain.end() < end
            for match in quote.finditer(block, 0, end) if doubts else ():
                start = match.start()
                if match["open"] is not None and read and end - start < LONGEST_CELL:
                    end = block.rfind(b"\n", 0, start) + 1
                    break
                if match["inside"] is None:
                    if separator == "\t":
                        return csv.QUOTE_NONE
                    raise _unclosed(path, line + _lines(block[:start]))
                doubtful = not trusted and _has_line_end(match["inside"])
                if doubtful and _could_be_rows(block, match, cell, width):
                    closed = line + _lines(block[: match.end()])
                    raise _ambiguous(path, line + _lines(block[:start]), closed)
            if not read:
                return csv.QUOTE_MINIMAL
            line += _lines(block[:end])
            rest = block[end:]


def unquoted(text: str) -> str:
    """A cell without the quotes around it, if it is quoted as a whole."""
    match = WHOLE_CELL.fullmatch(text)
    return match[1].replace('""', '"') if match else text


@cache
def _patterns(separator: str) -> tuple[re.Pattern[bytes], ...]:
    """Of what has no cell in doubt; of a quote that opens a cell, to its end; of a line's cells."""
    names = {
        b"mark": re.escape(separator.encode()),
        b"inside": rb'[^"]*+(?:""[^"]*+)*+',
        b"line": rb'[^"\r\n]*+(?:""[^"\r\n]*+)*+',
    }
    clean = (
        rb'(?:[^"]++|"(?:(?<![^%(mark)b\r\n]")%(line)b"(?=[%(mark)b\r\n]|\Z)'
        rb'|(?<=[^%(mark)b\r\n]")))*+' % names
    )
    quote = (
        rb'"(?<![^%(mark)b\r\n]")'
        rb'(?:(?P<inside>%(inside)b)"(?=[%(mark)b\r\n]|\Z)|(?P<open>%(inside)b\Z)|)' % names
    )
    cell = rb'(?:^|%(mark)b)("%(inside)b"(?=%(mark)b|$)|[^%(mark)b]*)' % names
    return tuple(map(re.compile, (clean, quote, cell)))


def _lines(text: bytes) -> int:
    """How many lines end in a text."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _has_line_end(text: bytes) -> bool:
    return b"\n" in text or b"\r" in text


def _width(block: bytes, cell: re.Pattern[bytes]) -> int:
    """Cells of the first line that is not blank; 0 if there is none."""
    first = next((line for line in block.splitlines() if line.strip()), None)
    return 0 if first is None else len(cell.findall(first))


def _could_be_rows(
    block: bytes, match: re.Match[bytes], cell: re.Pattern[bytes], width: int
) -> bool:
    """Whether the lines of a quoted cell would be rows if its quotes did not count.

    They would if most of them have as many cells as the header, or more, and a number or a date
    where the first has one; without any in the first, if all have exactly as many. Blank lines
    do not count, as they are no rows anywhere.
    """
    start = block.rfind(b"\n", 0, match.start()) + 1
    end = block.find(b"\n", match.end())
    lines = block[start : end if end >= 0 else len(block)].splitlines()
    first, *others = (cell.findall(line) for line in lines if line.strip())
    # With a cell too many or too few, only those before the quote are sure to be in their place.
    before = len(cell.findall(block[start : match.start()])) - 1
    known = first if len(first) == width else first[:before]
    numbers = [column for column, value in enumerate(known) if NUMBER.fullmatch(value)]
    if not numbers:
        return all(len(row) == width for row in (first, *others))
    rows = [row for row in others if len(row) >= width]
    alike = sum(any(NUMBER.fullmatch(row[column]) for column in numbers) for row in rows)
    return 2 * alike > len(others)


def _unclosed(path: Path, line: int) -> InputError:
    return InputError(
        f"{path}, line {line} or later: expected CSV with every quote closed, at the end of its "
        'cell, and quotes inside written "". Received: a quote that is not closed so.'
    )


def _ambiguous(path: Path, line: int, closed: int) -> InputError:
    return InputError(
        f"{path}, line {line}: expected a quoted cell. Received: a quote that is closed in line "
        f"{closed} only, and the lines from here to there could be rows of their own."
    )


def _nul(path: Path, line: int) -> InputError:
    return InputError(
        f"{path}, line {line}: expected UTF-8 text. Received: a NUL byte, as in UTF-16."
    )
