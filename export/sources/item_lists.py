"""Lists of items that may, or must not, be recommended; histories may hold any item.

A file of ids, one a line, or CSV with a column `id`.
"""

import csv
import dataclasses
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from export.sources.named_ids import NamedIds
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.data.notices import shown
from seqrec_tf.errors import InputError, warn


def with_lists(catalogue: Catalogue, only: Path | None, exclude: Path | None) -> Catalogue:
    """The catalogue, withholding what is not in `only` or is in `exclude`.

    Args:
        catalogue: all items.
        only: file of ids; None for all.
        exclude: the same; it wins over `only`.

    Raises:
        InputError: a file cannot be read or holds an unknown id, or nothing is left to recommend.
    """
    if only is None and exclude is None:
        return catalogue
    allowed = _listed(catalogue, only, "--only-items") if only else np.ones(catalogue.size, bool)
    if exclude:
        excluded = _listed(catalogue, exclude, "--exclude-items")
        if not excluded.any():
            warn(f"--exclude-items {exclude}: 0 of {catalogue.size:,} items are in it.")
        allowed = allowed & ~excluded
    if not allowed.any():
        raise InputError(
            f"{'--only-items' if only else '--exclude-items'}: expected an item that may be "
            "recommended. Received: none."
        )
    return dataclasses.replace(catalogue, withheld=~allowed)


def _listed(catalogue: Catalogue, path: Path, flag: str) -> np.ndarray:
    """(items,) bool, which items the file names."""
    named, listed = NamedIds(catalogue), np.zeros(catalogue.size, bool)
    for line, text in _ids(_content(path, flag), f"{flag}: {path}"):
        row = named.row(text)
        if not row:
            raise InputError(
                f"{flag}: {path}, line {line}: expected an id of the catalogue. "
                f"Received: {shown(text)}."
            )
        listed[row - 1] = True
    return listed


def _content(path: Path, flag: str) -> str:
    try:
        # "-sig": editors on Windows put a mark before the first id.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{flag}: {path}: expected a file of ids, one a line. Received: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{flag}: {path}, line {number}: expected UTF-8 text. "
            f"Received: byte 0x{error.object[error.start]:02x}."
        ) from error


def _ids(content: str, where: str) -> Iterator[tuple[int, str]]:
    """Number of a line, from 1, and the id there; blank lines are passed over."""
    # Not `splitlines`: an id may hold what else Python takes for the end of a line.
    lines = content.split("\n")
    csv.field_size_limit(sys.maxsize)  # else an id of 128 KiB is an error
    header = next(csv.reader(lines[:1]), [])
    if "id" in header:
        yield from _column(content, header.index("id"), len(header), where)
        return
    windows = all(line.endswith("\r") for line in lines[:-1])
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line.removesuffix("\r") if windows else line


def _column(content: str, column: int, width: int, where: str) -> Iterator[tuple[int, str]]:
    """The same of one column of CSV, below its header."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    next(reader)
    try:
        for fields in reader:
            if fields and len(fields) != width:
                raise InputError(
                    f"{where}, line {reader.line_num}: expected {width} values as in the header. "
                    f"Received: {len(fields)}."
                )
            if fields:
                yield reader.line_num, fields[column]
    except csv.Error as error:
        raise InputError(
            f"{where}, line {reader.line_num}: expected CSV with every quote closed. "
            f"Received: {error}."
        ) from error
