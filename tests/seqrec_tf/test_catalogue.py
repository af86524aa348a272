"""The catalogue: rows from 1 in the order of raw ids, 0 for the unknown, and `items.csv`."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

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
