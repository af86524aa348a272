"""Searching a catalogue: which titles are found, and in which order."""

import time

import numpy as np
import pytest

from serving.demo.catalogue import Catalogue, Item

TITLES = [
    "Stargate (1994)",
    "A Star Is Born",
    "Mustard",
    "Amélie, or: the STAR of Montmartre",
    "",
    "Straße nach Nirgendwo",
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    ids = np.array([7, 1999, 3, 2**60 + 1, 30, 5])
    return Catalogue(ids, np.array([title.encode() for title in TITLES], object))


def found(catalogue, text, limit=10):
    return [item.id for item in catalogue.search(text, limit).items]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # "star" starts a word in three titles; in "Mustard" it only occurs.
        ("star", ["7", "1999", str(2**60 + 1), "3"]),
        ("born star", ["1999"]),
        ("star zebra", []),
        ("AMELIE", [str(2**60 + 1)]),
        ("Amélie", [str(2**60 + 1)]),
        ("or the", [str(2**60 + 1)]),
        ("strasse", ["5"]),
        ("3", ["3"]),
        # The item with the id comes before titles with the number.
        ("1994", ["7"]),
        ("1999", ["1999"]),
        ("19", ["7"]),
        ("30\0", ["30"]),
        ("born \ud800", ["1999"]),
        ("x" * 10_000, []),
    ],
)
def test_search(catalogue, text, ids):
    assert found(catalogue, text) == ids


def test_a_text_without_words_finds_everything(catalogue):
    result = catalogue.search(" -- ", 2)
    assert result == (6, [Item("7", "Stargate (1994)"), Item("1999", "A Star Is Born")])


def test_items_by_id(catalogue):
    assert catalogue.items(["30", "4", "", "7", "07"]) == [
        Item("30", ""),
        Item("7", "Stargate (1994)"),
    ]


def test_string_ids_and_bytes_that_are_not_utf8():
    titles = np.array([b"\xff\xfe film", b"nul\0 film", "東京物語".encode()], object)
    catalogue = Catalogue(np.array([b"a, b", b"c\nd", b"e"], object), titles)
    assert catalogue.size == 3
    assert found(catalogue, "film") == ["a, b", "c\nd"]
    assert found(catalogue, "物語") == ["e"]
    assert catalogue.items(["c\nd"]) == [Item("c\nd", "nul film")]


def test_no_items():
    catalogue = Catalogue(np.zeros(0, np.int64), np.zeros(0, object))
    assert catalogue.size == 0
    assert catalogue.search("a", 5) == (0, [])
    assert catalogue.search("", 5) == (0, [])


def test_a_hundred_thousand_titles_take_no_time():
    words = np.random.default_rng(0).integers(0, 20_000, (100_000, 5))
    titles = [f"The word{' word'.join(map(str, row))}".encode() for row in words.tolist()]
    catalogue = Catalogue(np.arange(1, 100_001), np.array(titles, object))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        # The worst there is: in every title.
        assert catalogue.search("the word", 20).total == 100_000
        seconds.append(time.perf_counter() - start)
    # 40 ms on two slow cores; far more would be felt while typing.
    assert min(seconds) < 0.25


@pytest.mark.parametrize("kind", ["integers", "strings"])
def test_ids_are_looked_up_and_not_searched_for(kind):
    """A thousand ids of 200,000, known and not: searching would take 0.4 s and more."""
    numbers = np.arange(3, 600_003, 3)
    texts = np.array([b"item, %d" % number for number in numbers], object)
    titles = np.array([b"%d" % -number for number in numbers], object)
    catalogue = Catalogue(numbers if kind == "integers" else texts, titles)
    name = "{}" if kind == "integers" else "item, {}"
    asked = [name.format(number) for number in range(300_000, 301_000)]
    strange = ["", "0", "-3", "007", "3 ", "item, 3 ", "\0", "\ud800", "é", "9" * 10_000]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        found = catalogue.items([*asked, *strange])
        seconds.append(time.perf_counter() - start)
    wanted = range(300_000, 301_000, 3)
    assert found == [Item(name.format(number), f"-{number}") for number in wanted]
    assert min(seconds) < 0.15


def test_an_id_that_stands_twice_has_its_first_title():
    catalogue = Catalogue(np.array([5, 7, 5]), np.array([b"first", b"second", b"third"], object))
    assert catalogue.items(["5", "7", "5"]) == [Item("5", "first"), Item("7", "second")] + [
        Item("5", "first")
    ]
    assert found(catalogue, "5") == ["5"]
