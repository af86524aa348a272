"""`--tfds`: any prepared dataset with users, items and times is read like a log of one's own."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow_datasets as tfds
from helpers.small_builders import MOVIELENS_LIKE, movielens_like, prepare

from seqrec_tf.data import load_interactions
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

PLAIN = {"user_id": np.int64, "item_id": np.int64, "timestamp": np.int64}
ROWS = [{"user_id": 3, "item_id": 7, "timestamp": 5}, {"user_id": -1, "item_id": 8, "timestamp": 4}]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A dataset with MovieLens' features, in two splits."""
    folder, rows = tmp_path_factory.mktemp("tfds"), movielens_like()
    prepare(folder, "films", MOVIELENS_LIKE, {"train": rows[:100], "test": rows[100:]})
    return folder


def _load(folder, name: str, **settings):
    return load_interactions(DataConfig(tfds=name, data_dir=str(folder), **settings))


def test_the_features_of_movielens_are_found(films):
    data, rows = _load(films, "films"), movielens_like()
    assert (data.source, data.id_name) == ("films", "movie_ids")
    assert data.table["item"].dtype == np.int64  # "7" is the id 7, as in a log
    for column, feature, kind in [("user", "user_id", str), ("item", "movie_id", int)]:
        assert data.table[column].tolist() == [kind(row[feature]) for row in rows]
    assert data.table["time"].tolist() == [row["timestamp"] for row in rows]
    assert data.titles.to_dict() == {item: f"Film {item}, new" for item in range(1, 13)}
    assert data.categories is None


def test_categories_are_classes_by_name_and_ratings_are_asked_for(films):
    data = _load(films, "films", category_column="movie_genres", rating_column="user_rating")
    assert data.table["rating"].tolist() == [4.0] * len(data.table)
    assert data.categories[3] == "Comedy|Drama" and data.categories[2] == "Comedy"
    assert 1 not in data.categories


def test_ids_may_be_texts(films):
    assert _load(films, "films", id_type="string").table["item"].tolist()[:2] == ["1", "2"]


def test_titles_may_be_in_a_file(films, tmp_path):
    titles = tmp_path / "titles.csv"
    titles.write_text("movie_id,title\n1,One\n")
    assert _load(films, "films", titles=str(titles)).titles.to_dict() == {1: "One"}


def test_features_in_features_dates_and_no_titles(tmp_path):
    features = {"review": {"who": np.int64, "what": np.str_, "at": np.str_}}
    rows = [{"review": {"who": 7, "what": "é 1", "at": "1970-01-02"}}]
    prepare(tmp_path, "reviews", features, {"train": rows})
    names = {"user_column": "review/who", "item_column": "review/what", "time_column": "review/at"}
    data = _load(tmp_path, "reviews", **names)
    assert data.table.iloc[0].to_dict() == {"user": 7, "item": "é 1", "time": 86400}
    assert (data.id_name, len(data.titles)) == ("item_ids", 0)


def test_numbers_as_ids_and_the_newest_version(tmp_path):
    prepare(tmp_path, "log", PLAIN, {"train": ROWS[:1]}, version="9.0.0")
    prepare(tmp_path, "log", PLAIN, {"train": ROWS}, version="10.0.0")
    expected = pd.DataFrame({"user": [3, -1], "item": [7, 8], "time": [5, 4]})
    pd.testing.assert_frame_equal(_load(tmp_path, "log").table, expected)
    assert len(_load(tmp_path, "log:9.0.0").table) == 1


def test_the_folder_of_tensorflow_datasets_is_the_default(films, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(films))
    assert len(load_interactions(DataConfig(tfds="films")).table) == len(movielens_like())


def test_one_configuration_is_enough_of_two_one_is_named(tmp_path):
    prepare(tmp_path, "log", PLAIN, {"train": ROWS}, config="small")
    assert len(_load(tmp_path, "log").table) == 2
    prepare(tmp_path, "log", PLAIN, {"train": ROWS[:1]}, config="tiny")
    assert len(_load(tmp_path, "log/tiny:1.0.0").table) == 1
    with pytest.raises(InputError, match="--tfds log: expected one of log/small, log/tiny"):
        _load(tmp_path, "log")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "movies",
            {},
            "--tfds movies: expected a prepared dataset in .* Received: no such dataset",
        ),
        ("films:2.0.0", {}, "--tfds films:2.0.0: expected a prepared .* Received: 1.0.0"),
        ("../films", {}, "--tfds: expected NAME, NAME/CONFIG or NAME:VERSION"),
        ("films", {"item_column": "sku"}, "films: expected a feature 'sku' .--item-column names"),
        ("films", {"title_column": "name"}, "films: expected a feature 'name' .--title-column"),
        ("films", {"user_column": "movie_genres"}, "feature 'movie_genres': expected one value"),
        ("films", {"time_column": "poster"}, "feature 'poster': expected one value an interaction"),
        ("films", {"time_column": "user_id"}, "--user-column and --time-column: expected differ"),
        (
            "films",
            {"time_column": "user_id", "user_column": "timestamp"},
            "films, split 'train', row 1, column 'user_id': expected a number or an ISO",
        ),
        ("films", {"dataset": "ml-1m"}, "--tfds and --dataset exclude each other"),
        ("films", {"interactions": "a.csv"}, "--interactions and --tfds exclude each other"),
    ],
)
def test_what_cannot_be_read_is_one_line(films, name, settings, message):
    with pytest.raises(InputError, match=message) as error:
        _load(films, name, **settings)
    assert "\n" not in str(error.value)


def test_a_value_of_a_later_split_is_named(tmp_path):
    rows = [{**row, "item_id": bytes([0x64 + at, 0xFF * at])} for at, row in enumerate(ROWS)]
    features = {**PLAIN, "item_id": tfds.features.Text()}
    prepare(tmp_path, "log", features, {"train": rows[:1], "test": rows[1:]})
    message = r"log, split 'test', row 1, column 'item_id': expected an id.* Received: b'e\\xff'"
    with pytest.raises(InputError, match=message):
        _load(tmp_path, "log", id_type="string")


@pytest.mark.parametrize("broken", ["log-train.tfrecord-00000-of-00001", "features.json"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_files_that_are_damaged(tmp_path, broken, how):
    prepare(tmp_path, "log", PLAIN, {"train": ROWS})
    file = tmp_path / "log/1.0.0" / broken
    content = file.read_bytes()
    file.unlink()
    if how == "cut":
        file.write_bytes(content[:-7])
    with pytest.raises(InputError, match="^log: expected a dataset that tensorflow-datasets can"):
        _load(tmp_path, "log")


def test_no_row_at_all(tmp_path):
    prepare(tmp_path, "log", PLAIN, {"train": ROWS})
    file = tmp_path / "log/1.0.0/dataset_info.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "splits": []}))
    with pytest.raises(InputError, match="^log: expected interactions. Received: no row"):
        _load(tmp_path, "log")
