"""Histories from a log that is read piece by piece and sorted on disk."""

import json

import numpy as np
import pandas as pd
import pytest

from export.batch import histories
from export.batch.histories import Histories, Source, write_histories
from seqrec_tf.data.filters import prepare
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.errors import InputError


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(histories, "LOG_ROWS", 3)
    monkeypatch.setattr(histories, "LIST_ROWS", 2)


def log(path, id_type="int64") -> Source:
    return Source(path, "user", "item", "time", None, id_type)


def lists(path, id_type="int64") -> Source:
    return Source(path, "user", None, None, "seen", id_type)


def read(source: Source) -> list[tuple]:
    path = source.path.with_suffix(".sqlite")
    write_histories(source, path)
    written = Histories(path)
    return people(written, 1, written.users)


def people(written: Histories, first: int, last: int) -> list[tuple]:
    """Users with their items; each item has a time, in ascending order."""
    found = list(written.between(first, last))
    for _, items, times in found:
        assert len(items) == len(times) and times == sorted(times)
    return [(user, items) for user, items, _ in found]


def test_times_are_whole_and_the_newest_is_known(tmp_path):
    path = csv(tmp_path, "1,5,10.75", "1,6,3", "2,5,99.5")
    written_to = path.with_suffix(".sqlite")
    write_histories(Source(path, "user", "item", "time", None, "int64"), written_to)
    written = Histories(written_to)
    assert list(written.between(1, 2)) == [(1, [6, 5], [3, 10]), (2, [5], [99])]
    assert written.newest() == 99


def csv(tmp_path, *lines: str):
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user,item,time", *lines]) + "\n")
    return path


@pytest.mark.parametrize("users", ["int64", "string"])
def test_the_order_is_that_of_training_ties_included(users, tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({name: generator.integers(1, 9, 200) for name in ("user", "item", "time")})
    if users == "string":
        frame["user"] = frame["user"].map("0{}".format)
    frame.to_csv(tmp_path / "log.csv", index=False)
    table = prepare(Interactions(frame, pd.Series(dtype=str), "item_ids", "log")).table
    expected = [(user, group.tolist()) for user, group in table.groupby("user")["item"]]
    assert read(log(tmp_path / "log.csv")) == expected


def test_duplicates_are_dropped_and_counted(tmp_path, capsys):
    """The first stays; another time, item or user makes no duplicate; lists have no times."""
    twice = ["1,7,3", "1,5,3", "1,7,3", "2,7,3", "1,7,4", "1,7,3", "1,6,3"]
    path = csv(tmp_path, *twice)
    assert read(log(path)) == [(1, [7, 5, 6, 7]), (2, [7])]
    assert f"{path}: 2 of 7 rows dropped, duplicates of a row" in capsys.readouterr().err
    dates = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00.5Z"]
    assert read(log(csv(tmp_path, *(f"ann,7,{date}" for date in dates)))) == [("ann", [7, 7])]
    assert "1 of 3 rows dropped" in capsys.readouterr().err
    (tmp_path / "lists.jsonl").write_text('{"user": 1, "seen": [7, 7, 5, 7]}\n' * 2)
    assert read(lists(tmp_path / "lists.jsonl")) == [(1, [7, 7, 5, 7] * 2)]
    assert "rows dropped" not in capsys.readouterr().err


def test_any_part_of_the_users(tmp_path):
    read(log(csv(tmp_path, "30,1,1", "4,2,1", "-5,3,1", "200,4,1")))
    written = Histories(tmp_path / "log.sqlite")
    assert (written.users, written.user_type) == (4, "int64")
    assert people(written, 2, 3) == [(4, [2]), (30, [1])]
    assert people(written, 4, 4) == [(200, [4])]


def test_one_user_that_is_no_integer_makes_all_of_them_texts(tmp_path):
    """Also those of the pieces before, which alone would have been integers."""
    path = csv(tmp_path, "30,1,2", "4,2,1", "4,3,1", "ann,4,1", "30,5,1", "007,6,1")
    assert read(log(path)) == [("007", [6]), ("30", [5, 1]), ("4", [2, 3]), ("ann", [4])]
    assert Histories(tmp_path / "log.sqlite").user_type == "string"


def test_dates_and_fractions_of_seconds(tmp_path):
    dates = ["2026-01-03", "2026-01-02T12:00", "2026-01-01", "2026-01-02"]
    path = csv(tmp_path, *(f"1,{item},{date}" for item, date in enumerate(dates, start=1)))
    assert read(log(path)) == [(1, [3, 4, 2, 1])]
    path = csv(tmp_path, "1,1,3", "1,2,2.5", "1,3,2", "1,4,2.25")
    assert read(log(path)) == [(1, [3, 4, 2, 1])]


def test_ids_that_no_catalogue_has_are_left_to_the_graph(tmp_path):
    assert read(log(csv(tmp_path, "1,0,1", "1,-7,2", "1,999,3"))) == [(1, [0, -7, 999])]
    assert read(log(csv(tmp_path, "1,007,1", "1,x y,2"), "string")) == [(1, ["007", "x y"])]


LISTS = [("b", [3, 1]), ("a", [7]), ("d", []), ("c", [2, 2, 9])]


@pytest.mark.parametrize("name", ["users.jsonl", "users.parquet"])
@pytest.mark.parametrize("id_type", ["int64", "string"])
def test_one_row_a_user(name, id_type, tmp_path):
    rows = [(user, [str(i) if id_type == "string" else i for i in items]) for user, items in LISTS]
    frame = pd.DataFrame(rows, columns=["user", "seen"])
    if name.endswith("parquet"):
        frame.to_parquet(tmp_path / name)
    else:
        frame.to_json(tmp_path / name, orient="records", lines=True)
    assert read(lists(tmp_path / name, id_type)) == sorted(rows)


def test_a_user_with_several_rows_of_lists_has_them_in_a_row(tmp_path):
    path = tmp_path / "users.jsonl"
    rows = [(5, [1, 2]), (6, [3]), (5, []), (5, [1])]
    path.write_text("".join(json.dumps({"user": u, "seen": s}) + "\n" for u, s in rows))
    assert read(lists(path)) == [(5, [1, 2, 1]), (6, [3])]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1,1,1"] * 4 + ["1,x,1"], "line 6, column 'item': expected an int64 id. Received: 'x'"),
        (["1,1,1"] * 4 + ["1,1,2026-01-01"], "line 6, column 'time': expected a number or .*first"),
        (["1,1,2026-01-01"] * 4 + ["1,1,7"], "line 6, column 'time': expected a number or"),
        (["1,1,1"] * 4 + ["1,1"], "line 6: expected 3 values as in the header. Received: 2"),
        (["1,1,1"] * 4 + ["1,1,1,1"], "line 6: expected 3 values as in the header. Received: 4"),
        (["1,1,1"] * 4 + [",1,1"], "line 6, column 'user': expected an id.* Received: ''"),
        ([], "expected at least one row of data"),
    ],
)
def test_a_bad_line_of_a_later_piece_is_named(lines, said, tmp_path):
    with pytest.raises(InputError, match=said):
        read(log(csv(tmp_path, *lines)))


@pytest.mark.parametrize("cell", ['"1 2"', "3", "null", "[1, null]", "[[1]]", "[1.5]", '["a"]'])
def test_a_bad_list_is_named(cell, tmp_path):
    path = tmp_path / "users.jsonl"
    good = '{"user": 1, "seen": [1, 2]}\n'
    path.write_text(f'{good * 3}{{"user": 2, "seen": {cell}}}\n')
    with pytest.raises(InputError, match="line 4, column 'seen': expected a"):
        read(lists(path))


def test_lists_in_a_csv_file_are_no_lists(tmp_path):
    (tmp_path / "users.csv").write_text('user,seen\n1,"[1, 2]"\n')
    with pytest.raises(InputError, match="expected a list of ids, as Parquet.*Received: '.1, 2.'"):
        read(lists(tmp_path / "users.csv"))
