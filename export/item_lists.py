"""Lists of items that may, or must not, be recommended; histories may hold any item."""

import dataclasses
from pathlib import Path

import numpy as np

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError


def with_lists(catalogue: Catalogue, only: Path | None, exclude: Path | None) -> Catalogue:
    """The catalogue, withholding what is not in `only` or is in `exclude`.

    Args:
        catalogue: all items.
        only: file of ids, one a line; None for all.
        exclude: the same; it wins over `only`.

    Raises:
        InputError: a file cannot be read or holds an unknown id, or nothing is left to recommend.
    """
    if only is None and exclude is None:
        return catalogue
    allowed = _listed(catalogue, only, "--only-items") if only else np.ones(catalogue.size, bool)
    if exclude:
        allowed = allowed & ~_listed(catalogue, exclude, "--exclude-items")
    if not allowed.any():
        raise InputError(
            f"{'--only-items' if only else '--exclude-items'}: expected an item that may be "
            "recommended. Received: none."
        )
    return dataclasses.replace(catalogue, withheld=~allowed)


def _listed(catalogue: Catalogue, path: Path, flag: str) -> np.ndarray:
    """(items,) bool, which items the file names."""
    known = {str(raw): index for index, raw in enumerate(catalogue.ids.tolist())}
    listed = np.zeros(catalogue.size, bool)
    for number, line in enumerate(_lines(path, flag), start=1):
        if line and line not in known:
            raise InputError(
                f"{flag}: {path}, line {number}: expected an id of the catalogue. "
                f"Received: {line!r}."
            )
        if line:
            listed[known[line]] = True
    return listed


def _lines(path: Path, flag: str) -> list[str]:
    """The file's lines, without the white space around them."""
    try:
        # "-sig": editors on Windows put a mark before the first id.
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
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
