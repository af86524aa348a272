"""The catalogue: rows from 1 in the order of raw ids, 0 for the unknown, and `items.csv`."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError

MOVIES = Catalogue(
    np.array([3, 20, 100]),
    np.array(["Toy Story (1995)", 'Say "Cheese", Please', "NA"], object),
    np.array([4, 0, 12]),
    "movie_ids",
)
PRODUCTS = Catalogue(
    np.array(["007", "7", "NA", 'a,"b"', "null"], object),
    np.array(["", "Seven", " padded ", "two\nlines", "Amélie 日本"], object),
    np.array([1, 2, 3, 4, 5]),
    "item_ids",
)

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.text(CHARACTERS, max_size=8) | st.text('\r\n",| a', max_size=6)


def test_rows_follow_the_order_of_the_ids():
    catalogue = Catalogue.from_items(pd.Series([30, 5, 30, 12]), pd.Series(dtype=str), "item_ids")
    assert catalogue.ids.tolist() == [5, 12, 30]
    assert catalogue.size == 3
    assert catalogue.counts.tolist() == [0, 0, 0]
    rows = catalogue.rows(pd.Series([30, 5, 7, 12, 0, -1]))
    assert rows.tolist() == [3, 1, 0, 2, 0, 0]
    assert rows.dtype == np.int32


def test_string_ids_are_compared_as_text():
    catalogue = Catalogue.from_items(pd.Series(["b", "007", "7"]), pd.Series(dtype=str), "x")
    assert catalogue.ids.tolist() == ["007", "7", "b"]
    assert catalogue.rows(pd.Series(["7", "07", "007", ""])).tolist() == [2, 0, 1, 0]


def test_an_item_without_a_title_is_called_by_its_id():
    titles = pd.Series(["Twelve", "Unused"], index=[12, 99])
    catalogue = Catalogue.from_items(pd.Series([5, 12]), titles, "item_ids")
    assert catalogue.titles.tolist() == ["5", "Twelve"]


def test_popularity_is_the_share_of_the_interactions():
    assert MOVIES.popularity().tolist() == [0, 0.25, 0, 0.75]
    unseen = dataclasses.replace(MOVIES, counts=np.zeros(3, np.int64))
    assert unseen.popularity().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("catalogue", "id_type"), [(MOVIES, "int64"), (PRODUCTS, "string")])
def test_items_csv_round_trip(tmp_path, catalogue, id_type):
    catalogue.write(tmp_path / "items.csv")
    read = Catalogue.read(tmp_path / "items.csv", id_type, catalogue.id_name)
    assert read.ids.tolist() == catalogue.ids.tolist()
    assert read.ids.dtype == catalogue.ids.dtype
    assert read.titles.tolist() == catalogue.titles.tolist()
    assert read.counts.tolist() == catalogue.counts.tolist()
    assert read.id_name == catalogue.id_name


def assert_comes_back(path, catalogue: Catalogue) -> None:
    """`items.csv` holds every text of a catalogue of string ids."""
    catalogue.write(path)
    read = Catalogue.read(path, "string", catalogue.id_name)
    for column in ("ids", "titles", "categories"):
        assert getattr(read, column).tolist() == getattr(catalogue, column).tolist()


# Whatever ends a line somewhere, or quotes, or separates, or cannot be seen.
ODD = [
    *map(chr, [*range(1, 33), 127, 0x85, 0xA0, 0x200F, 0x2028, 0x2029, 0x301, 0xFEFF, 0x1F600]),
    *["\r\n", '"', '""', ",", "|", "\\", '\\"', "'", "#", "NULL", "\ufeffrow", "y" * 200_000],
    # As if the next row of the file began inside.
    *["x,3\n9,9,z", "a\n2,8,b,5", "a\n2,8,b,5,c\nd", "a\r\n2,8,b,5,c\r\n3,9,c", "1\n2,3,4,5,6\n"],
]


@pytest.mark.parametrize("place", ["before", "after", "alone"])
def test_any_text_comes_back_from_items_csv(place, tmp_path):
    around = {"before": "{}x", "after": "x{}", "alone": "{}"}[place]
    texts = [around.format(odd) for odd in ODD]
    ids = sorted(text for text in texts if text.strip())
    for categories in (texts, [""] * len(texts)):
        columns = (np.array(each[: len(ids)], object) for each in (ids, texts, categories))
        ids_, titles, kinds = columns
        catalogue = Catalogue(ids_, titles, np.arange(len(ids)), "item_ids", kinds)
        assert_comes_back(tmp_path / "items.csv", catalogue)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, unique_by=lambda pair: pair[0]))
@settings(max_examples=40, deadline=None)
def test_every_drawn_text_comes_back_from_items_csv(tmp_path_factory, pairs):
    usable = sorted((raw, title) for raw, title in pairs if raw.strip())
    if usable:
        ids, titles = (np.array(column, object) for column in zip(*usable, strict=True))
        catalogue = Catalogue(ids, titles, np.zeros(len(ids), np.int64), "item_ids", titles)
        assert_comes_back(tmp_path_factory.getbasetemp() / "drawn.csv", catalogue)


@pytest.mark.parametrize(
    ("ids", "separator"),
    [
        (["a", "b\\|"], ", "),
        (["a", "b c"], "\n"),
        (["a\rb"], "\n"),
        (["a\u2028b", "a,b"], "\n"),
        (["a\nb"], "\x1e"),
        (["a\nb", "c\x1ed"], "\ue000"),
        (["a\n\x1e\ue000b"], "\ue001"),
    ],
)
def test_ids_in_one_text_are_separated_by_what_none_of_them_holds(ids, separator):
    catalogue = dataclasses.replace(PRODUCTS, ids=np.array(ids, object))
    assert catalogue.text_separator == separator


def test_items_csv_as_a_person_sees_it(tmp_path):
    MOVIES.write(tmp_path / "items.csv")
    assert (tmp_path / "items.csv").read_text().splitlines() == [
        "row,movie_id,title,count",
        "1,3,Toy Story (1995),4",
        '2,20,"Say ""Cheese"", Please",0',
        "3,100,NA,12",
    ]


def test_categories_go_through_the_file_and_are_listed_by_name(tmp_path):
    items, titles = pd.Series([5, 12, 30]), pd.Series(dtype=str)
    categories = pd.Series(["War|Crime", " Crime ", "Musical"], index=[30, 5, 99])
    catalogue = Catalogue.from_items(items, titles, "movie_ids", categories)
    catalogue.write(tmp_path / "items.csv")
    read = Catalogue.read(tmp_path / "items.csv", "int64", "movie_ids")
    assert read.categories.tolist() == [" Crime ", "", "War|Crime"]
    members = {name: rows.tolist() for name, rows in read.category_members().items()}
    assert members == {"Crime": [1, 3], "War": [3]}
    assert Catalogue.from_items(items, titles, "movie_ids").categories is None


def test_another_table_is_refused(tmp_path):
    (tmp_path / "items.csv").write_text("row,movie_id,name,count\n1,3,Toy Story,4\n")
    message = "items.csv, line 1: expected columns row, an id, title, count. Received: row, movie_"
    with pytest.raises(InputError, match=message):
        Catalogue.read(tmp_path / "items.csv", "int64", "movie_ids")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "items.csv: expected a header line"),
        (
            ["row,movie_id", "1,3"],
            "line 1: expected columns row, an id, title, count. Received: row, mov",
        ),
        (["row,movie_id,title,count"], "items.csv: expected at least one row of data"),
        (["row,movie_id,title,count", "1,x,A,1"], "line 2, column 'movie_id': expected an int64"),
        (["row,movie_id,title,count", "1,3,A,-1"], "line 2, column 'count': expected a whole num"),
        (["row,movie_id,title,count", "1,3,A,1", "2,2,B,1"], "line 3, .* ids in ascending order"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, lines, message):
    (tmp_path / "items.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        Catalogue.read(tmp_path / "items.csv", "int64", "movie_ids")
