"""Own logs: ids, times, ratings and titles; every wrong value is named with its place."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.small_logs import load_log, refused, write_csv, write_log

from seqrec_tf.errors import InputError


def test_other_columns_in_any_order_and_names(tmp_path):
    path = write_log(tmp_path, 'when,"what, then",x,who\n1,b,,u\n2,c,,v\n')
    data = load_log(path, user_column="who", item_column="what, then", time_column="when")
    assert list(data.table["user"]) == ["u", "v"]
    assert list(data.table["item"]) == ["b", "c"]
    assert data.source == path


@pytest.mark.parametrize(
    ("column", "name"),
    [("item_id", "item_ids"), ("movie_id", "movie_ids"), ("movieId", "movie_ids")],
)
def test_the_item_column_decides_the_id_name(column, name, tmp_path):
    path = write_csv(tmp_path, "a,1,2", header=f"user_id,{column},timestamp")
    assert load_log(path, item_column=column).id_name == name
    assert load_log(path, item_column=column, id_name="sku").id_name == "sku"


# Ids.


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["7", "9223372036854775807"], [7, 2**63 - 1]),
        (["7", "007"], ["7", "007"]),
        (["7", "0"], ["7", "0"]),
        (["7", "-7"], ["7", "-7"]),
        (["7", "9223372036854775808"], ["7", "9223372036854775808"]),
        (["7", "7.0"], ["7", "7.0"]),
        (["7", "NA"], ["7", "NA"]),
        (["7", "٧"], ["7", "٧"]),
    ],
)
def test_auto_ids_are_int64_only_if_all_are_canonical(ids, expected, tmp_path):
    items = load_log(write_csv(tmp_path, *[f"u,{value},1" for value in ids])).table["item"]
    assert list(items) == expected
    assert items.dtype == (np.int64 if isinstance(expected[0], int) else pd.Series(["a"]).dtype)


def test_ids_can_be_kept_as_text(tmp_path):
    assert list(load_log(write_csv(tmp_path, "1,7,1"), id_type="string").table["item"]) == ["7"]


@pytest.mark.parametrize("value", ["007", "x7", "0", "-3", "1.5", "9223372036854775808"])
def test_int64_ids_must_be_positive_integers(value, tmp_path):
    path = write_csv(tmp_path, "u,7,1", f"u,{value},2")
    message = refused(path, id_type="int64")
    assert message.startswith(f"{path}, line 3, column 'item_id': expected an int64 id from 1 on")
    assert "--id-type string" in message and f"Received: {value!r}." in message


@pytest.mark.parametrize("column", ["user_id", "item_id"])
@pytest.mark.parametrize("value", ["", " "])
def test_empty_ids(column, value, tmp_path):
    row = {"user_id": "u", "item_id": "7"} | {column: value}
    path = write_csv(tmp_path, "u,7,1", "", f"{row['user_id']},{row['item_id']},2")
    message = refused(path)
    assert message == (
        f"{path}, line 4, column {column!r}: expected an id, an integer or a string. "
        f"Received: {value!r}."
    )


def test_users_may_be_any_integer(tmp_path):
    assert list(load_log(write_csv(tmp_path, "-1,7,1", "0,7,1")).table["user"]) == [-1, 0]


def _json(tmp_path, *records) -> str:
    default = {"user_id": "u", "item_id": 7, "timestamp": 1}
    return write_log(tmp_path, "\n".join(json.dumps(default | row) for row in records), "log.jsonl")


def test_json_integers_and_their_text_are_one_id(tmp_path):
    path = _json(tmp_path, {"item_id": 7}, {"item_id": "7"}, {"item_id": 8})
    items = load_log(path).table["item"]
    assert list(items) == [7, 7, 8] and items.dtype == np.int64
    items = load_log(_json(tmp_path, {"item_id": 7}, {"item_id": "a"})).table["item"]
    assert list(items) == ["7", "a"]
    items = load_log(_json(tmp_path, {"item_id": 2**63}, {"item_id": 1})).table["item"]
    assert list(items) == [str(2**63), "1"]


@pytest.mark.parametrize("value", [None, True, 7.0, [7], {"a": 1}])
def test_json_ids_of_other_types(value, tmp_path):
    path = _json(tmp_path, {}, {"item_id": value})
    message = refused(path)
    assert f"{path}, line 2, column 'item_id': expected an id" in message
    assert message.endswith(f"Received: {value!r}.")


def test_parquet_types(tmp_path):
    path = tmp_path / "log.parquet"
    frame = pd.DataFrame(
        {
            "user_id": pd.Categorical(["b", "a"]),
            "item_id": pd.array([7, 2**62], dtype="uint64"),
            "timestamp": pd.to_datetime(["2024-01-01T00:00:00", "2024-01-01T00:00:01"]),
        }
    )
    frame.to_parquet(path)
    table = load_log(str(path)).table
    assert list(table["user"]) == ["b", "a"]
    assert list(table["item"]) == [7, 2**62] and table["item"].dtype == np.int64
    assert list(table["time"]) == [1_704_067_200, 1_704_067_201]


@pytest.mark.parametrize(
    ("values", "row"), [(pd.array([7, None], dtype="Int64"), 2), ([7.0, 8.0], 1), (["7", None], 2)]
)
def test_parquet_ids_that_are_missing_or_floats(values, row, tmp_path):
    path = tmp_path / "log.parquet"
    pd.DataFrame({"user_id": [1, 2], "item_id": values, "timestamp": [1, 2]}).to_parquet(path)
    assert f"{path}, row {row}, column 'item_id': expected an id" in refused(str(path))


# Times and ratings.


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["3", "-4"], [3, -4]),
        (["3", "4.5"], [3.0, 4.5]),
        (["1e3", "2"], [1000.0, 2.0]),
        (["20240101", "20240102"], [20240101, 20240102]),
        (["2024-01-01", "2024-01-02"], [1704067200, 1704153600]),
        (["2024-01-01T02:00:00+02:00", "2024-01-01 00:00:01Z"], [1704067200, 1704067201]),
        (["2024-01-01T00:00:00.5", "2024-01-01"], [1704067200.5, 1704067200.0]),
    ],
)
def test_times_are_numbers_or_dates(times, expected, tmp_path):
    values = load_log(write_csv(tmp_path, *[f"u,7,{value}" for value in times])).table["time"]
    assert list(values) == expected
    assert values.dtype == type(expected[0])


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ("1", "", 3),
        ("1", "soon", 3),
        ("1", "nan", 3),
        ("1", "inf", 3),
        ("1", "2024-01-01", 3),
        ("2024-01-01", "1", 3),
        ("2024-01-01", "01/02/2024", 3),
        ("2024-01-01", "2024-02-30", 3),
        ("now", "today", 2),
    ],
)
def test_other_times(first, second, line, tmp_path):
    path = write_csv(tmp_path, f"u,7,{first}", f"u,7,{second}")
    message = refused(path)
    assert f"{path}, line {line}, column 'timestamp': expected a number or an ISO 8601" in message
    assert message.endswith(f"Received: {(second if line == 3 else first)!r}.")


def test_json_times(tmp_path):
    assert list(load_log(_json(tmp_path, {}, {"timestamp": 2.5})).table["time"]) == [1.0, 2.5]
    path = _json(tmp_path, {"timestamp": "2024-01-01"}, {"timestamp": "2024-01-02"})
    assert list(load_log(path).table["time"]) == [1704067200, 1704153600]
    for value in (None, True, "2", [1]):
        message = refused(_json(tmp_path, {}, {"timestamp": value}))
        assert "line 2, column 'timestamp'" in message and f"Received: {value!r}." in message


@pytest.mark.parametrize("times", [[True, False], pd.to_timedelta([1, 2], unit="s"), [[1], [2]]])
def test_parquet_times_of_other_types(times, tmp_path):
    path = tmp_path / "log.parquet"
    pd.DataFrame({"user_id": [1, 2], "item_id": [3, 4], "timestamp": times}).to_parquet(path)
    assert "row 1, column 'timestamp': expected a number or an ISO 8601" in refused(str(path))


@pytest.mark.parametrize("value", ["", "good", "nan", "inf"])
def test_ratings_must_be_numbers(value, tmp_path):
    path = write_csv(
        tmp_path, "u,7,1,4", f"u,8,1,{value}", header="user_id,item_id,timestamp,stars"
    )
    message = refused(path, rating_column="stars")
    assert message == (f"{path}, line 3, column 'stars': expected a number. Received: {value!r}.")
    assert "rating" not in load_log(path).table


# Titles.


def _titles(tmp_path, text: str, name: str = "titles.csv", ids=("7", "8")):
    log = write_csv(tmp_path, *[f"u,{value},1" for value in ids])
    return load_log(log, titles=write_log(tmp_path, text, name)).titles


def test_titles_may_be_more_or_fewer_than_the_items(tmp_path):
    titles = _titles(tmp_path, 'title,item_id\n"Seven, the ""movie""",7\nNine,9\n')
    assert titles.to_dict() == {7: 'Seven, the "movie"', 9: "Nine"}
    assert titles.index.dtype == np.int64


def test_titles_follow_the_type_of_the_items(tmp_path):
    titles = _titles(tmp_path, "item_id,title\n7,Seven\nx,Ten\n", ids=("7", "x"))
    assert titles.to_dict() == {"7": "Seven", "x": "Ten"}
    text = '{"item_id": "7", "title": "Seven"}\n{"item_id": 8, "title": 8}\n'
    assert _titles(tmp_path, text, "titles.jsonl").to_dict() == {7: "Seven", 8: "8"}


def test_empty_titles_are_left_out(tmp_path):
    text = '{"item_id": 7}\n{"item_id": 8, "title": "Eight"}\n{"item_id": 9, "title": ""}\n'
    assert _titles(tmp_path, text, "titles.jsonl").to_dict() == {8: "Eight"}
    assert _titles(tmp_path, "item_id,title\n7,\n8,NA\n").to_dict() == {8: "NA"}


def test_the_same_title_may_be_repeated_but_not_another(tmp_path):
    text = "item_id,title\n7,Seven\n8,Eight\n7,Seven\n"
    assert _titles(tmp_path, text).to_dict() == {7: "Seven", 8: "Eight"}
    with pytest.raises(InputError) as caught:
        _titles(tmp_path, text + "7,Sieben\n")
    assert str(caught.value) == (
        f"{tmp_path}/titles.csv, line 5, column 'title': expected one title for item 7, 'Seven' "
        "as before. Received: 'Sieben'."
    )


def test_mistakes_in_titles(tmp_path):
    with pytest.raises(InputError, match="titles.csv, line 3, column 'item_id': expected an int64"):
        _titles(tmp_path, "item_id,title\n7,Seven\nx,Ten\n")
    with pytest.raises(InputError, match=r"line 1: expected one column 'title' \(--title-column"):
        _titles(tmp_path, "item_id,name\n7,Seven\n")
    with pytest.raises(InputError, match="--titles .*none.csv: expected a file"):
        load_log(write_csv(tmp_path, "u,7,1"), titles=str(tmp_path / "none.csv"))


def test_categories_are_a_column_of_the_titles(tmp_path):
    path = tmp_path / "titles.csv"
    path.write_text("item_id,title,kind\n7,Seven,War|Crime\n8,Eight,\n")
    log = write_csv(tmp_path, "u,7,1")
    data = load_log(log, titles=str(path), category_column="kind")
    assert data.categories.to_dict() == {7: "War|Crime"}
    path.write_text("item_id,title,kind\n7,Seven,War\n7,Seven,Crime\n")
    with pytest.raises(InputError, match="line 3, column 'kind': expected one category for item 7"):
        load_log(log, titles=str(path), category_column="kind")
    with pytest.raises(InputError, match="--category-column: a column of --titles"):
        load_log(log, category_column="kind")


def test_without_titles_there_are_none(tmp_path):
    assert load_log(write_csv(tmp_path, "u,7,1")).titles.empty
