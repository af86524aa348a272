"""Titles and categories: texts, numbers and lists of texts; everything else is one clear line."""

import datetime
import json
from decimal import Decimal

import pandas as pd
import pytest
from helpers.small_logs import load_log, write_csv, write_log

from seqrec_tf.errors import InputError


def _labelled(tmp_path, name: str, column: str, *values):
    """Interactions with items 1, 2, ... whose title or category is one of the values each."""
    rows = [{"item_id": n, "title": "T", column: value} for n, value in enumerate(values, start=1)]
    path = tmp_path / name
    if name.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    log = write_csv(tmp_path, *[f"u,{row['item_id']},1" for row in rows])
    return load_log(log, titles=str(path), category_column="kind" if column == "kind" else None)


@pytest.mark.parametrize("name", ["titles.jsonl", "titles.parquet"])
def test_a_list_of_texts_is_the_categories(name, tmp_path):
    lists = (["Action", "Comedy"], [], ["Sci-Fi, old"], None)
    data = _labelled(tmp_path, name, "kind", *lists)
    assert data.categories.to_dict() == {1: "Action|Comedy", 3: "Sci-Fi, old"}


@pytest.mark.parametrize("column", ["title", "kind"])
@pytest.mark.parametrize(
    ("value", "text"),
    [("A|B", "A|B"), (1984, "1984"), (8.5, "8.5"), (10**400, str(10**400))],
    ids=["text", "whole", "fraction", "huge"],
)
def test_texts_and_numbers_of_json_lines(column, value, text, tmp_path):
    data = _labelled(tmp_path, "titles.jsonl", column, value)
    assert (data.titles if column == "title" else data.categories).to_dict() == {1: text}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1984, "1984"), (2.5, "2.5"), (Decimal("1.50"), "1.50"), ("é\r\x01", "é\r\x01")],
)
def test_texts_and_numbers_of_parquet(value, text, tmp_path):
    assert _labelled(tmp_path, "t.parquet", "title", value).titles.to_dict() == {1: text}


def test_titles_of_a_parquet_dictionary_and_of_numbers_with_a_gap(tmp_path):
    frame = pd.DataFrame({"item_id": [1, 2], "title": pd.Categorical(["A", None])})
    frame["kind"] = pd.array([7, None], dtype="Int64")
    frame.to_parquet(tmp_path / "t.parquet")
    log = write_csv(tmp_path, "u,1,1", "u,2,1")
    data = load_log(log, titles=str(tmp_path / "t.parquet"), category_column="kind")
    assert (data.titles.to_dict(), data.categories.to_dict()) == ({1: "A"}, {1: "7"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t.jsonl", {"a": 1}),
        ("t.jsonl", True),
        ("t.jsonl", "A\0"),
        ("t.jsonl", float("inf")),
        ("t.parquet", b"A"),
        ("t.parquet", True),
        ("t.parquet", {"a": 1}),
        ("t.parquet", datetime.date(2024, 1, 1)),
        ("t.parquet", pd.Timestamp("2024-01-01")),
        ("t.parquet", pd.Timedelta("1s")),
    ],
)
@pytest.mark.parametrize("column", ["title", "kind"])
def test_another_value_is_named(name, value, column, tmp_path):
    with pytest.raises(InputError) as caught:
        _labelled(tmp_path, name, column, value)
    place = "line 1" if name == "t.jsonl" else "row 1"
    start = f"{tmp_path}/{name}, {place}, column {column!r}: expected a text"
    assert str(caught.value).startswith(start)
    assert "Received: " in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
@pytest.mark.parametrize("value", [["A", None], ["A|B"], ["A\0"], [["A"]], [1, 2], [{"a": 1}]])
def test_a_list_of_anything_else_is_named(name, value, tmp_path):
    with pytest.raises(InputError, match=r"column 'kind': expected .* a list of texts without \|"):
        _labelled(tmp_path, name, "kind", value)


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_a_list_is_no_title(name, tmp_path):
    with pytest.raises(
        InputError, match="'title': expected a text without NUL, or a number. Received"
    ):
        _labelled(tmp_path, name, "title", ["Action", "Comedy"])


def test_the_texts_of_csv_stay_as_they_are(tmp_path):
    path = write_log(tmp_path, "item_id,title,kind\n1,['A'],True\n2, b ,\n", "titles.csv")
    log = write_csv(tmp_path, "u,1,1")
    data = load_log(log, titles=path, category_column="kind")
    assert data.titles.to_dict() == {1: "['A']", 2: " b "}
    assert data.categories.to_dict() == {1: "True"}
