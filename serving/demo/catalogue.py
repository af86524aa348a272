"""The items of a served model, searchable by title: what stands behind the page's search box."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

SEARCH_LENGTH = 100  # characters of a search that count

_ACCENTS = re.compile("[\u0300-\u036f]+")
_NO_WORD = re.compile(r"[^\w\0]+")


class Item(NamedTuple):
    """One item.

    Attributes:
        id: the raw id as text, also where ids are integers: JavaScript has no int64.
        title: its title, "" where the catalogue has none.
    """

    id: str
    title: str


class Found(NamedTuple):
    """What a search gives.

    Attributes:
        total: how many items match.
        items: the first of them.
    """

    total: int
    items: list[Item]


class Catalogue:
    """Ids and titles of a model's items. Safe to use from several threads.

    Args:
        ids: (items,) raw ids, integers or bytes.
        titles: (items,) bytes, UTF-8.
    """

    def __init__(self, ids: np.ndarray, titles: np.ndarray):
        texts = _as_bytes(ids)
        self._ids, self._rows = _Texts(texts), _Rows(texts)
        self._titles = _Texts(_as_bytes(titles))
        self._words = _Texts([_fold(self._titles.joined()).encode()])

    @property
    def size(self) -> int:
        """How many items there are."""
        return len(self._ids)

    def search(self, text: str, limit: int) -> Found:
        """Items by title, or by their whole id.

        Case, accents and punctuation do not matter. Every word must occur in the title; the item
        with that id comes first, then titles where each is the start of a word, then the others,
        all in the order of the catalogue. A text without words matches everything.

        Args:
            text: words; beyond 100 characters it is cut off.
            limit: most items to return.
        """
        text = text[:SEARCH_LENGTH].replace("\0", " ")
        within = np.ones(self.size, bool)
        first = np.ones(self.size, bool)
        for word in set(_fold(text).split()):
            rows, starts_word = self._words.find(word)
            within &= _marked(rows, self.size)
            first &= _marked(rows[starts_word], self.size)
        by_id = self._rows_of([text.strip()])
        within[by_id] = False
        rows = np.flatnonzero(within)
        rows = np.concatenate([by_id, rows[first[rows]], rows[~first[rows]]]).astype(np.int64)
        return Found(len(rows), [self._item(row) for row in rows[:limit]])

    def items(self, ids: Iterable[str]) -> list[Item]:
        """The items with these ids, as far as the catalogue knows them."""
        return [self._item(row) for row in self._rows_of(ids)]

    def _rows_of(self, ids: Iterable[str]) -> list[int]:
        """The rows of those of the ids that there are."""
        found = (self._rows.find(text.encode("utf-8", "surrogatepass"), self._ids) for text in ids)
        return [row for row in found if row is not None]

    def _item(self, row: int) -> Item:
        return Item(self._ids[row], self._titles[row])


class _Texts:
    """Many short texts in one piece of memory; as objects they would take five times as much.

    NUL separates them, so texts that may hold one must be rid of it before.
    """

    def __init__(self, texts: list[bytes]):
        self._content = b"\0".join([b"", *texts, b""])
        self._bytes = np.frombuffer(self._content, np.uint8)
        self._ends = np.flatnonzero(self._bytes == 0)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, row: int) -> str:
        return self.content(row).decode("utf-8", "replace")

    def content(self, row: int) -> bytes:
        """The text of a row as it came."""
        return self._content[self._ends[row] + 1 : self._ends[row + 1]]

    def joined(self) -> str:
        """All texts, with NUL between them."""
        return self._content[1:-1].decode("utf-8", "replace")

    def find(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows, (occurrences,), where a word occurs, and whether it starts a word there."""
        first, *others = word.encode()
        places = np.flatnonzero(self._bytes == first)
        # A NUL ends the content, so no place runs over it.
        for offset, byte in enumerate(others, 1):
            places = places[self._bytes[places + offset] == byte]
        return self._rows(places), self._bytes[places - 1] <= ord(" ")

    def _rows(self, places: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._ends, places) - 1


class _Rows:
    """Where each of many texts stands, found by bisection: 16 bytes a text, for a dict's hundred.

    Args:
        texts: as those of the `_Texts` that are looked into.
    """

    def __init__(self, texts: list[bytes]):
        # Python's hash has a secret key, so nobody can choose texts that all have one.
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def find(self, text: bytes, texts: _Texts) -> int | None:
        """The first row that is a text, "" and what holds a NUL excepted; None if none is."""
        if not text or b"\0" in text:
            return None
        first, last = (
            np.searchsorted(self._hashes, hash(text), side) for side in ("left", "right")
        )
        rows = self._order[first:last].tolist()
        return next((row for row in rows if texts.content(row) == text), None)


def _as_bytes(values: np.ndarray) -> list[bytes]:
    if values.dtype == object:
        return [value.replace(b"\0", b"") for value in values]
    return [b"%d" % value for value in values.tolist()]


def _fold(text: str) -> str:
    """Lower case without accents, one space for whatever stands between words."""
    return _NO_WORD.sub(" ", _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold()))


def _marked(rows: np.ndarray, size: int) -> np.ndarray:
    marks = np.zeros(size, bool)
    marks[rows] = True
    return marks
