"""Formats of own logs: each gives the same table; what cannot be read is named with its line."""

import gzip

import numpy as np
import pandas as pd
import pytest
from helpers.small_logs import load_log, refused, write_csv, write_log

from seqrec_tf.data.tables import read_table, read_tables
from seqrec_tf.errors import InputError

ROWS = [("ann", 30, 5, 4.5), ("bob", 7, 3, 1.0), ("ann", 7, 9, 2.0)]
HEADER = ["user_id", "item_id", "timestamp", "stars"]


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.csv.gz", "a.tsv.gz", "a.jsonl.gz", "a.parquet"],
)
def test_every_format_gives_the_same_table(name, tmp_path):
    frame = pd.DataFrame(ROWS, columns=HEADER)
    path = tmp_path / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    elif "json" in name or "nd" in name:
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, sep="\t" if "tsv" in name else ",", index=False)
    table = load_log(str(path), rating_column="stars").table
    assert list(table["user"]) == ["ann", "bob", "ann"]
    assert list(table["item"]) == [30, 7, 7] and table["item"].dtype == np.int64
    assert list(table["time"]) == [5, 3, 9] and table["time"].dtype == np.int64
    assert list(table["rating"]) == [4.5, 1.0, 2.0] and table["rating"].dtype == np.float32
    assert list(table.index) == [0, 1, 2]


def test_byte_order_mark_windows_lines_and_blank_lines(tmp_path):
    path = write_log(tmp_path, "\ufeffuser_id,item_id,timestamp\r\n\r\na,1,2\r\n\r\nb,2,3\r\n\r\n")
    assert list(load_log(path).table["item"]) == [1, 2]


def test_missing_and_repeated_columns(tmp_path):
    path = write_csv(tmp_path, "u,7,1", header="user_id,movie,timestamp")
    assert refused(path) == (
        f"{path}, line 1: expected one column 'item_id' (--item-column names another). "
        "Received: no such column in 'user_id', 'movie', 'timestamp'."
    )
    path = write_csv(tmp_path, "u,7,7,1", header="user_id,item_id,item_id,timestamp")
    assert "line 1: expected one column 'item_id'" in refused(path)
    assert "2 columns of that name" in refused(path)
    message = refused(write_csv(tmp_path, "u,7,1"), rating_column="stars")
    assert "'stars' (--rating-column names another)" in message
    message = refused(write_log(tmp_path, '{"a": 1, "b": 2}\n', "log.jsonl"))
    assert "'user_id' (--user-column" in message and "in 'a', 'b'" in message
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "log.parquet")
    assert "no such column in 'a'" in refused(str(tmp_path / "log.parquet"))


def test_two_flags_for_one_column(tmp_path):
    message = refused(write_csv(tmp_path, "u,7,1"), item_column="user_id")
    assert message.startswith("--user-column and --item-column: expected different columns")


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "log.csv", "log.csv: expected a header line. Received: an empty file"),
        ("\n\n", "log.csv", "log.csv: expected a header line. Received: an empty file"),
        ("user_id,item_id,timestamp\n", "log.csv", "expected at least one row of data"),
        ("", "log.jsonl", "log.jsonl: expected a JSON object in each line. Received: none"),
        ("text", "log.parquet", "log.parquet: expected a Parquet file"),
        ("text", "log.csv.gz", "log.csv.gz: cannot be read"),
        ("text", "log.xlsx", "expected a file that ends in .csv, .tsv.*Received: 'log.xlsx'"),
        ("text", "log", "expected a file that ends in .csv, .tsv.*Received: 'log'"),
    ],
)
def test_files_without_data(text, name, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_log(write_log(tmp_path, text, name))


def test_no_such_file_and_a_folder(tmp_path):
    message = refused(str(tmp_path / "none.csv"))
    assert (
        message == f"--interactions {tmp_path}/none.csv: expected a file. Received: no such file."
    )
    (tmp_path / "folder.csv").mkdir()
    assert "expected a file" in refused(str(tmp_path / "folder.csv"))


def test_a_gzipped_file_that_was_cut_off(tmp_path):
    content = gzip.compress(b"user_id,item_id,timestamp\n" + b"u,7,1\n" * 1000)
    path = tmp_path / "log.csv.gz"
    path.write_bytes(content[: len(content) // 2])
    assert f"{path}: cannot be read" in refused(str(path))


@pytest.mark.parametrize("row", ["u,7", "u,7,1,1", "u"])
def test_rows_of_another_length(row, tmp_path):
    path = write_csv(tmp_path, "u,7,1", "", row, "u,8,1")
    assert refused(path) == (
        f"{path}, line 4: expected 3 values as in the header. Received: {row.count(',') + 1}."
    )


def test_a_short_row_whose_last_column_is_not_wanted(tmp_path):
    header = "user_id,item_id,timestamp,note"
    assert len(load_log(write_csv(tmp_path, "u,7,1,", "u,8,2,x", header=header)).table) == 2
    message = refused(write_csv(tmp_path, "u,7,1,", "u,8,2", header=header))
    assert "line 3: expected 4 values as in the header. Received: 3." in message


def test_a_quote_that_is_never_closed(tmp_path):
    message = refused(write_csv(tmp_path, "u,7,1", '"u,7,1', "u,8,1"))
    assert "line 3 or later: expected CSV with every quote closed" in message


def test_lines_are_counted_across_quoted_line_ends(tmp_path):
    path = write_csv(tmp_path, '"u\nv",7,1', "u,7,soon")
    assert "line 4, column 'timestamp'" in refused(path)


def test_text_in_another_encoding(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("user_id,item_id,timestamp\nu,7,1\nJosé,7,1\n".encode("latin-1"))
    expected = f"{path}, line 3: expected UTF-8 text. Received: Jos\\xe9,7,1"
    assert refused(str(path)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        "7",
        '{"user_id": "u", }',
        "\u00ff\u0000",
        '{"a": "\\ud800"}',
        "NaN",
        "1.5",
        "null",
    ]
    + ['{"a": 1, "b": 2, "a": 1}', '{"a": {"b": 1, "b": 2}}', '{"a": ' + "9" * 5000 + "}"]
    + ['{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "[" * 100_000, '{"a": 01}', '{"a": .5}'],
)
def test_broken_json_lines(line, tmp_path):
    good = '{"user_id": "u", "item_id": 7, "timestamp": 1}'
    path = write_log(tmp_path, f"{good}\n\n{line}\n{good}\n", "log.jsonl")
    assert f"{path}, line 3: expected a JSON object. Received: " in refused(path)


@pytest.mark.parametrize("value", ["9" * 400, "1e400", "-0", "-1e-999999999", "NaN", "[[[]]]"])
def test_json_numbers_of_columns_that_nobody_wants(value, tmp_path):
    line = f'{{"user_id": "u", "item_id": 7, "timestamp": 1, "other": {value}}}\n'
    assert list(load_log(write_log(tmp_path, line, "log.jsonl")).table["item"]) == [7]


def test_a_json_number_of_400_digits_is_an_id(tmp_path):
    line = f'{{"user_id": "u", "item_id": {"9" * 400}, "timestamp": 1}}\n'
    assert list(load_log(write_log(tmp_path, line, "log.jsonl")).table["item"]) == ["9" * 400]
    message = refused(write_log(tmp_path, line, "log.jsonl"), id_type="int64")
    assert "line 1, column 'item_id': expected an int64 id" in message and len(message) < 400
    line = f'{{"user_id": "u", "item_id": 7, "timestamp": 1, "stars": {"9" * 400}}}\n'
    message = refused(write_log(tmp_path, line, "log.jsonl"), rating_column="stars")
    assert "line 1, column 'stars': expected a number. Received: 999" in message


def test_all_columns_of_a_table(tmp_path):
    assert read_table(write_log(tmp_path, "a,b\n1,2\n"), None, "--file").frame.to_dict("list") == {
        "a": ["1"],
        "b": ["2"],
    }
    path = write_log(tmp_path, '{"b": 1}\n{"a": 2, "b": 3}\n{}\n', "log.jsonl")
    assert read_table(path, None, "--file").frame.to_dict("list") == {
        "b": [1, 3, None],
        "a": [None, 2, None],
    }
    with pytest.raises(InputError, match="line 1: expected every column once. Received: 'a', 'a'"):
        read_table(write_log(tmp_path, "a,a\n1,2\n"), None, "--file")


def _table_file(path) -> str:
    """Seven records in the format that the name says; the sixth one has the item "x"."""
    frame = pd.DataFrame({"user": list("abcdefg"), "item": ["1", "2", "3", "4", "5", "x", "7"]})
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("name", "place"),
    [("a.csv", "line 7"), ("a.csv.gz", "line 7"), ("a.jsonl", "line 6"), ("a.parquet", "row 6")],
)
def test_pieces_are_the_table_and_know_their_lines(name, place, tmp_path):
    path, columns = _table_file(tmp_path / name), {"--item": "item", "--user": "user"}
    pieces = list(read_tables(path, columns, "--log", rows=3))
    assert len(pieces) == 3
    whole = read_table(path, columns, "--log").frame
    found = pd.concat([piece.frame for piece in pieces], ignore_index=True)
    assert found.astype(object).equals(whole.astype(object))
    rows = [(piece, row) for piece in pieces for row in range(len(piece.frame))]
    (message,) = [
        str(piece.error(row, "item", "a number"))
        for piece, row in rows
        if piece.frame["item"].iloc[row] == "x"
    ]
    assert message == f"{path}, {place}, column 'item': expected a number. Received: 'x'."


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_pieces_of_a_file_that_is_as_long_as_they_are(name, tmp_path):
    path = _table_file(tmp_path / name)
    rows = 8 if name == "a.csv" else 7  # the header is the first row
    pieces = read_tables(path, {"--user": "user"}, "--log", rows)
    assert [len(piece.frame) for piece in pieces] == [7]


@pytest.mark.parametrize("row", ["u,7", "u,7,1,1"])
def test_a_row_of_another_length_in_a_later_piece(row, tmp_path):
    path = write_csv(tmp_path, *["u,7,1"] * 9, row, "u,7,1")
    with pytest.raises(InputError, match="line 11: expected 3 values as in the header. Received:"):
        list(read_tables(path, {"--user": "user_id"}, "--log", rows=4))
