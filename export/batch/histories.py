"""Everybody's history, oldest item first, from a log that may be larger than the memory.

SQLite sorts it on disk by user and time; equal times keep the order of the file, and duplicates are
dropped, as in `seqrec_tf.data.filters.prepare`. So any part of the users can be read without the
rest.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count, groupby, repeat
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from seqrec_tf.data.columns import as_ids
from seqrec_tf.data.filters import dropped_duplicates
from seqrec_tf.data.logs import LOWEST_USER, reject_repeated
from seqrec_tf.data.tables import Table, read_tables
from seqrec_tf.data.times import Times, as_times
from seqrec_tf.errors import InputError

LOG_ROWS, LIST_ROWS = 100_000, 1_000  # read at a time; a list is a whole history
CACHE_KIB = 65_536
LOWEST_ITEM = LOWEST_USER  # 0 and negatives are no error: the graph skips them


@dataclass(frozen=True)
class Source:
    """A file with an interaction a row, or with a user and the list of their items a row.

    Attributes:
        path: the file.
        user_column: its column of users.
        item_column: its column of items; None for lists.
        time_column: its column of times; None for lists.
        history_column: its column of lists, oldest item first; None for interactions.
        id_type: "int64" or "string", the model's.
    """

    path: Path
    user_column: str
    item_column: str | None
    time_column: str | None
    history_column: str | None
    id_type: str

    @property
    def columns(self) -> dict[str, str]:
        """Flag that names a column -> the column."""
        names = ("user_column", "item_column", "time_column", "history_column")
        columns = {f"--{name.replace('_', '-')}": getattr(self, name) for name in names}
        return {flag: column for flag, column in columns.items() if column is not None}


def write_histories(source: Source, path: Path) -> None:
    """Sort the histories of `source` into the SQLite file `path`; memory stays bounded.

    Raises:
        InputError: a line or value that cannot be read, or no room on the disk.
    """
    reject_repeated(source.columns)
    path.unlink(missing_ok=True)
    # Sorting wants temporary files; /tmp may be small, or in memory.
    os.environ.setdefault("SQLITE_TMPDIR", str(path.parent.resolve()))
    try:
        with closing(sqlite3.connect(path)) as database:
            _fill(database, source)
            _sort(database)
            _report_duplicates(database, source.path)
            database.commit()
    except sqlite3.OperationalError as error:
        raise InputError(f"{path}: cannot be written. Received: {error}.") from error


def _fill(database: sqlite3.Connection, source: Source) -> None:
    # After a kill the file is written anew, so nothing has to be undone.
    for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
        database.execute(f"PRAGMA {setting}")
    database.execute("CREATE TABLE log (line INTEGER PRIMARY KEY, user, time, fraction, item)")
    insert = "INSERT INTO log (user, time, fraction, item) VALUES (?, ?, ?, ?)"
    with tqdm(desc=f"reading {source.path.name}", unit=" rows", disable=None) as progress:
        if progress.disable:  # no terminal
            print(f"reading {source.path}", file=sys.stderr)
        for rows in _read(source):
            progress.update(database.executemany(insert, rows).rowcount)


def _sort(database: sqlite3.Connection) -> None:
    # A piece of the file whose users all are integers gave integers; if another one did not, all
    # are texts, which compare otherwise.
    if database.execute("SELECT 1 FROM log WHERE typeof(user) = 'text'").fetchone():
        database.execute("UPDATE log SET user = CAST(user AS TEXT) WHERE typeof(user) = 'integer'")
    # The item before the line, so that duplicates stand together; the few rows of one time are
    # put into the order of their lines when they are read.
    database.execute("CREATE INDEX sorted ON log (user, time, fraction, item, line)")
    database.execute("CREATE TABLE users (number INTEGER PRIMARY KEY, user)")
    database.execute("INSERT INTO users (user) SELECT DISTINCT user FROM log ORDER BY user")


def _report_duplicates(database: sqlite3.Connection, path: Path) -> None:
    """Say how many rows `Histories.between` will pass over."""
    (rows,) = database.execute("SELECT count(*) FROM log").fetchone()
    groups = "SELECT 1 FROM log GROUP BY user, time, fraction, item"
    (distinct,) = database.execute(f"SELECT count(*) FROM ({groups})").fetchone()
    if distinct < rows:
        print(dropped_duplicates(str(path), rows - distinct, rows), file=sys.stderr)


def _read(source: Source) -> Iterator[Iterator[tuple]]:
    """(user, time, fraction, item) of each row, piece by piece."""
    if source.history_column is not None:
        return _lists(source, source.history_column)
    return _interactions(source, source.item_column or "", source.time_column or "")


def _interactions(source: Source, item_column: str, time_column: str) -> Iterator[Iterator[tuple]]:
    """(user, whole time, fraction, item) of each row, piece by piece."""
    opening = None
    for table in read_tables(source.path, source.columns, "--histories", LOG_ROWS):
        opening = table.frame.iloc[:1] if opening is None else opening
        users = as_ids(table, source.user_column, lowest=LOWEST_USER)
        times = _times(table, time_column, opening)
        items = as_ids(table, item_column, source.id_type, LOWEST_ITEM)
        fractions = np.zeros(len(users), int) if times.fraction is None else times.fraction
        columns = (users, times.whole, fractions, items)
        yield zip(*(column.tolist() for column in columns), strict=True)


def _times(table: Table, column: str, opening: pd.DataFrame) -> Times:
    """The times of a piece; the first row of the file says whether they are numbers or dates."""
    frame = pd.concat([opening[[column]], table.frame[[column]]], ignore_index=True)
    whole = Table(table.name, frame, lambda row: table.place(max(row - 1, 0)))
    times = as_times(whole, column)
    return Times(times.whole[1:], None if times.fraction is None else times.fraction[1:])


def _lists(source: Source, column: str) -> Iterator[Iterator[tuple]]:
    """(user, place, 0, item) of each item, piece by piece; the item is None for an empty list.

    Places are those in the file, each another one: in a list nothing is a duplicate.
    """
    places = count()
    for table in read_tables(source.path, source.columns, "--histories", LIST_ROWS):
        users = as_ids(table, source.user_column, lowest=LOWEST_USER)
        items, lengths = _flattened(table, column, source.id_type)
        empty = users[lengths == 0].tolist()
        people = [*users.repeat(lengths).tolist(), *empty]
        yield zip(people, places, repeat(0), [*items.tolist(), *repeat(None, len(empty))])


def _flattened(table: Table, column: str, id_type: str) -> tuple[pd.Series, np.ndarray]:
    """The items of all lists of a piece, and the length of each list."""
    cells = [c.tolist() if isinstance(c, np.ndarray) else c for c in table.frame[column]]
    for row, cell in enumerate(cells):
        if not isinstance(cell, list):
            raise table.error(row, column, "a list of ids, as Parquet and JSON lines hold them")
    lengths = np.array([len(cell) for cell in cells])
    rows = np.repeat(np.arange(len(cells)), lengths)
    flat = pd.DataFrame({column: pd.Series(list(chain.from_iterable(cells)), dtype=object)})
    items = Table(table.name, flat, lambda item: table.place(int(rows[item])))
    return as_ids(items, column, id_type, LOWEST_ITEM), lengths


class Histories:
    """What `write_histories` wrote.

    Args:
        path: the SQLite file.

    Attributes:
        users: how many there are; they are numbered from 1, ascending.
        user_type: "int64" if every user is written as a plain integer, else "string".
    """

    def __init__(self, path: Path):
        # tf.data reads from threads of its own, one at a time.
        self._database = sqlite3.connect(path, check_same_thread=False)
        query = "SELECT count(*), typeof(min(user)) FROM users"
        self.users, kind = self._database.execute(query).fetchone()
        self.user_type = {"integer": "int64", "text": "string"}[kind]

    def each_user(self) -> Iterator[int | str]:
        """All users, ascending."""
        return (user for (user,) in self._database.execute("SELECT user FROM users"))

    def between(self, first: int, last: int) -> Iterator[tuple[int | str, list, list[int]]]:
        """User, items and their times of the users `first` to `last`, both included.

        A time is its whole part; of lists it is a place in the file.
        """
        query = "SELECT min(user), max(user) FROM users WHERE number BETWEEN ? AND ?"
        ends = self._database.execute(query, (first, last)).fetchone()
        order = "ORDER BY user, time, fraction, line"
        rows = self._database.execute(
            f"SELECT user, time, fraction, item FROM log WHERE user BETWEEN ? AND ? {order}", ends
        )
        for user, group in groupby(rows, key=itemgetter(0)):
            distinct = dict.fromkeys(group)  # in their order: of duplicates the first stays
            real = [(time, item) for _, time, _, item in distinct if item is not None]
            yield user, [item for _, item in real], [time for time, _ in real]

    def newest(self) -> int:
        """The latest time."""
        return self._database.execute("SELECT max(time) FROM log").fetchone()[0]
