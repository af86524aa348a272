"""Whose histories a load test asks for: those of a file, or drawn from ids."""

import csv
import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from serving.client import Recommender
from serving.protocol.errors import InputError

# Enough that no two connections ask the same at once; all are kept in memory as requests.
MOST_HISTORIES = 10_000
DRAWN_HISTORIES = 1000
DRAWN_IDS = 500

History = list[int | str]


def read_histories(path: Path) -> list[History]:
    """The first 10,000 histories of a file.

    Args:
        path: `.csv` with the columns `user` and `item`, in the order of time; or else JSON lines,
            a list of ids each.

    Raises:
        InputError: another content, or no history.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        try:
            read = _users if path.suffix == ".csv" else _lines
            histories = list(islice(read(path, file), MOST_HISTORIES))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: expected UTF-8 text. Received: {error}") from error
    if not histories:
        raise InputError(f"{path}: expected histories. Received: none")
    return histories


def draw_histories(ids: Sequence[int | str], length: int) -> list[History]:
    """Histories of one length, drawn from ids; with repetition only where these are too few."""
    draw = random.Random(0)
    if length > len(ids):
        return [draw.choices(ids, k=length) for _ in range(DRAWN_HISTORIES)]
    return [draw.sample(ids, length) for _ in range(DRAWN_HISTORIES)]


def served_ids(recommender: Recommender) -> list[int | str]:
    """Ids that the served model knows: what it recommends to somebody without a history.

    Raises:
        InputError: no server, or no recommender, or one that recommends nothing.
    """
    has_options = "recommend" in recommender.transport.signatures
    (popular,) = recommender.recommend([[]], k=DRAWN_IDS if has_options else None)
    if not popular:
        raise InputError("the model recommends nothing to an empty history; expected --ids")
    return [item.id for item in popular]


def _lines(path: Path, file: Iterator[str]) -> Iterator[History]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            history = json.loads(line)
        except json.JSONDecodeError:
            history = None
        if not isinstance(history, list) or not all(type(i) in (int, str) for i in history):
            raise InputError(
                f"{path}, line {number}: expected a JSON list of ids, such as [1193, 661]. "
                f"Received: {line.strip()[:80]}"
            )
        yield history


def _users(path: Path, file: Iterator[str]) -> Iterator[History]:
    csv.field_size_limit(2**31 - 1)
    table = csv.DictReader(file, strict=True)
    if not {"user", "item"} <= set(table.fieldnames or ()):
        raise InputError(
            f"{path}, line 1: expected the columns user and item. "
            f"Received: {', '.join(table.fieldnames or ()) or 'nothing'}"
        )
    histories: dict[str, History] = {}
    try:
        for row in table:
            ids = (row["user"], row["item"])
            # An id of several lines is rows between two quotes that do not belong together.
            if not all(ids) or any(len(text.splitlines()) > 1 for text in ids):
                raise InputError(f"{path}, line {table.line_num}: expected a user and an item")
            histories.setdefault(row["user"], []).append(row["item"])
    except csv.Error as error:
        raise InputError(
            f"{path}, line {table.reader.line_num} or before: expected CSV with every quote "
            f"closed. Received: {error}"
        ) from error
    return iter(histories.values())
