"""Parquet as pandas and Spark write it, and tables of several files."""

import datetime
import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers.small_logs import load_log, refused
from pyarrow import parquet

from export.batch.histories import Histories, Source, write_histories
from seqrec_tf.data.tables import read_table, read_tables

LOG = pd.DataFrame({"user_id": ["b", "a", "b"], "item_id": [3, 1, 2], "timestamp": [5, 6, 7]})


def rows(path) -> list[tuple]:
    """User, item and time of a log; batch scoring reads the same."""
    source = Source(Path(path), "user_id", "item_id", "timestamp", None, "int64")
    with TemporaryDirectory() as folder:
        write_histories(source, Path(folder, "histories.sqlite"))
        written = Histories(Path(folder, "histories.sqlite"))
        by_user = {str(user): items for user, items, _ in written.between(1, written.users)}
    table = load_log(str(path)).table
    expected = table.sort_values(["user", "time"], kind="stable")
    assert by_user == {
        str(user): items["item"].tolist() for user, items in expected.groupby("user")
    }
    return list(table[["user", "item", "time"]].itertuples(index=False, name=None))


INDEXED = {
    "user": LOG.set_index("user_id"),
    "item": LOG.set_index("item_id"),
    "two levels": LOG.set_index(["user_id", "timestamp"]),
    "three levels": LOG.set_index(["user_id", "item_id", "timestamp"]).assign(other=1),
    "no name": LOG.set_index(pd.Index([9, 8, 7])),
    "a column too": LOG.set_index("user_id", drop=False),
    "a column of the same name": LOG.set_index(pd.Index([9, 8, 7], name="user_id")),
    "a range of another name": LOG.rename_axis("row"),
    "a range that was cut": pd.concat([LOG, LOG])[:3],
    "a category": LOG.astype({"user_id": "category"}).set_index("user_id"),
}


@pytest.mark.parametrize("index", INDEXED)
def test_an_index_is_a_column(index, tmp_path):
    path = tmp_path / "log.parquet"
    INDEXED[index].to_parquet(path)
    assert rows(path) == [("b", 3, 5), ("a", 1, 6), ("b", 2, 7)]


def test_an_index_of_a_table_of_items(tmp_path):
    path = tmp_path / "items.parquet"
    items = pd.DataFrame({"id": [7, 9, 8], "title": list("abc")})
    items.set_index("id").to_parquet(path)
    assert sorted(read_table(path, None, "items").frame.columns) == ["id", "title"]
    items.set_index(pd.Index([5, 6, 9])).to_parquet(path)
    assert sorted(read_table(path, None, "items").frame.columns) == ["id", "title"]


def test_an_index_that_only_metadata_holds(tmp_path):
    path = tmp_path / "log.parquet"
    LOG.drop(columns="user_id").rename_axis("user_id").to_parquet(path)
    assert refused(str(path)) == (
        f"{path}: expected a column 'user_id' (--user-column names another). Received: a range of "
        "pandas, whose values are not in the file; reset_index() makes a column of it."
    )
    LOG.drop(columns="user_id").to_parquet(path)
    assert "expected one column 'user_id' (--user-column names another)" in refused(str(path))


def write_parts(folder: Path, frame: pd.DataFrame, suffix: str) -> None:
    """A row a file, with what Spark writes beside them."""
    folder.mkdir(parents=True)
    for number in range(len(frame)):
        part, path = frame[number : number + 1], folder / f"part-{number:05}-c0de{suffix}"
        if "parquet" in suffix:
            part.to_parquet(path, index=False)
        elif "json" in suffix:
            part.to_json(path, orient="records", lines=True)
        else:
            part.to_csv(path, index=False, sep="\t" if "tsv" in suffix else ",")
        (folder / f".{path.name}.crc").write_bytes(b"crc\0")
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / "_metadata").write_bytes(b"PAR1")
    (folder / "_temporary").mkdir()
    (folder / "_temporary/part-9.parquet").write_bytes(b"half")


SUFFIXES = [".parquet", ".snappy.parquet", ".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("given", ["log.parquet", "log.parquet/part-*", "log.p*", "**/*0000*"])
def test_folders_and_patterns(suffix, given, tmp_path):
    """By name, whatever the disk says; ties keep the order of files and rows."""
    frame = LOG.assign(timestamp=5)
    write_parts(tmp_path / "log.parquet", frame, suffix)
    assert rows(tmp_path / given) == [("b", 3, 5), ("a", 1, 5), ("b", 2, 5)]


def test_parts_of_folders_are_sorted_by_name(tmp_path):
    for folder in ("day=10", "day=2", "day=1"):
        write_parts(tmp_path / "log" / folder, LOG[:1].assign(item_id=int(folder[4:])), ".csv")
    assert load_log(str(tmp_path / "log")).table["item"].tolist() == [1, 10, 2]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize("given", ["log", "log/*", "log/*/*/part*", "log/**/part*"])
def test_folders_name_a_value(suffix, given, tmp_path):
    part = LOG.drop(columns="user_id")
    for user in ("b c", "007", "7"):
        folder = tmp_path / "log" / f"user_id={user.replace(' ', '%20')}/_day=1"
        write_parts(folder, part[:1], suffix)
    assert rows(tmp_path / given) == [("007", 3, 5), ("7", 3, 5), ("b c", 3, 5)]
    (tmp_path / "log/user_id=7").rename(tmp_path / "log/user_id=__HIVE_DEFAULT_PARTITION__")
    assert "column 'user_id': expected an id" in refused(str(tmp_path / given))


def test_a_folder_outside_the_table_names_nothing(tmp_path):
    folder = tmp_path / "user_id=5"
    folder.mkdir()
    LOG.drop(columns="user_id").to_csv(folder / "log.csv", index=False)
    for path in (folder / "log.csv", folder / "*.csv", folder):
        assert "expected one column 'user_id'" in refused(str(path))
    LOG.to_csv(folder / "log.csv", index=False)
    for path in (folder / "log.csv", tmp_path):
        assert load_log(str(path)).table["user"].tolist() == ["b", "a", "b"]


def test_parts_may_be_empty_and_have_their_columns_in_any_order(tmp_path):
    for suffix, empty in ((".parquet", LOG[:0]), (".csv", None), (".jsonl", None)):
        folder = tmp_path / suffix[1:]
        write_parts(folder, LOG, suffix)
        first, last = folder / f"part-0{suffix}", folder / f"part-99999{suffix}"
        if empty is None:
            first.write_bytes(b"")
            Path(f"{last}.gz").write_bytes(gzip.compress(b""))
        else:
            empty.to_parquet(first)
            later = LOG[["timestamp", "user_id", "item_id"]].assign(more=1)
            later["timestamp"] += 10
            later.to_parquet(last)
        assert rows(folder)[:3] == [("b", 3, 5), ("a", 1, 6), ("b", 2, 7)]


KINDS = [  # of the time in the second part, and what is said of it
    (pa.array([1], pa.int32()), None),
    (pa.array([1], pa.uint64()), None),
    (pa.array([None], pa.null()), "row 1, column 'timestamp': expected a number"),
    (pa.array(["1"]), "column 'timestamp': expected integers, as in {}. Received: texts"),
    (pa.array([1.0]), "expected integers, as in {}. Received: floating point numbers"),
    (pa.array([1], pa.timestamp("s")), "expected integers, as in {}. Received: times"),
    (pa.array([datetime.date(2024, 1, 1)]), "expected integers, as in {}. Received: date32[day]"),
    (pa.array([[1]]), "expected integers, as in {}. Received: lists of integers"),
]


@pytest.mark.parametrize(("times", "said"), KINDS)
def test_types_of_parts_must_agree(times, said, tmp_path):
    first, second = tmp_path / "log/a.parquet", tmp_path / "log/b.parquet"
    first.parent.mkdir()
    LOG.to_parquet(first)
    users, items = pa.array(["a"]).dictionary_encode(), pa.array([1], pa.int16())
    columns = {"timestamp": times, "user_id": users, "item_id": items}
    parquet.write_table(pa.table(columns), second)
    if said is None:
        assert rows(first.parent) == [("b", 3, 5), ("a", 1, 6), ("b", 2, 7), ("a", 1, 1)]
    else:
        message = refused(str(first.parent))
        assert str(second) in message and said.format(first) in message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("none", "Received: 'none'."),
        ("none.parquet", "expected a file. Received: no such file."),
        ("empty", "expected a file, or part files. Received: a folder without any."),
        ("empty/*.csv", "expected a file, or part files. Received: a pattern that fits none."),
        ("mixed", "expected files of one format, .csv as a.csv. Received: {}/mixed/b.tsv."),
        ("strange", "expected a file that ends in .csv, .tsv, .jsonl, .ndjson"),
        ("damaged", "{}/damaged/b.parquet: expected a Parquet file. Received: "),
        ("blank", "{}/blank/b.parquet: expected a Parquet file. Received: "),
        ("short", "{}/short/b.csv, line 2: expected 3 values as in the header. Received: 2."),
        ("quoted", "{}/quoted/b.csv, line 2 or later: expected CSV with every quote closed"),
        ("columns", "{}/columns/b.csv, line 1: expected one column 'timestamp'"),
        ("values", "{0}/values, {0}/values/b.csv, line 3, column 'timestamp': expected a number"),
        ("header", "expected at least one row of data. Received: none."),
    ],
)
def test_parts_that_cannot_be_read(given, said, tmp_path):
    header = "user_id,item_id,timestamp\n"
    files = {
        "empty/_SUCCESS": "",
        "mixed/a.csv": "",
        "mixed/b.tsv": "",
        "strange/a.txt": "",
        "damaged/b.parquet": "PAR1, or is it",
        "blank/b.parquet": "",
        "short/a.csv": header + "a,1,1\n",
        "short/b.csv": header + "a,1\n",
        "quoted/b.csv": header + '"a,1,1\n',
        "columns/a.csv": header + "a,1,1\n",
        "columns/b.csv": "user_id,item_id\na,1\n",
        "values/a.csv": header + "a,1,1\n" * 5,
        "values/b.csv": header + "a,1,1\na,1,soon\n",
        "header/a.csv": header,
        "header/b.csv": header,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("damaged", "blank"):
        LOG.to_parquet(tmp_path / name / "a.parquet")
    assert said.format(tmp_path) in refused(str(tmp_path / given))


def test_all_columns_of_parts_must_agree(tmp_path):
    (tmp_path / "a.csv").write_text("id,title\n7,Seven\n")
    (tmp_path / "b.csv").write_text("title,id\nEight,8\n")
    frame = read_table(tmp_path, None, "items").frame
    assert frame.to_dict("list") == {"id": ["7", "8"], "title": ["Seven", "Eight"]}
    (tmp_path / "b.csv").write_text("id\n8\n")
    with pytest.raises(ValueError, match="b.csv: expected the columns id, title, as in the parts"):
        read_table(tmp_path, None, "items")


def test_lists_in_parts(tmp_path):
    """Pieces are read as they are asked for, of each file."""
    folder = tmp_path / "users.parquet"
    frame = pd.DataFrame({"user_id": [2, 1, 3], "seen": [[1, 2], [], [3]]})
    write_parts(folder, frame, ".parquet")
    source = Source(folder, "user_id", None, None, "seen", "int64")
    write_histories(source, tmp_path / "h.sqlite")
    people = Histories(tmp_path / "h.sqlite").between(1, 3)
    assert [(user, items) for user, items, _ in people] == [(1, []), (2, [1, 2]), (3, [3])]
    assert len(list(read_tables(folder, source.columns, "--histories", 2))) == 3


@pytest.mark.parametrize(
    "users",
    [
        pa.array(["b", "a", "b"], pa.large_string()),
        pa.array(["b", "a", "b"]).dictionary_encode(),
        pa.array(["b", "a", "b"], pa.string_view()),
        pa.chunked_array([["b"], ["a", "b"]]).dictionary_encode(),
    ],
    ids=lambda users: str(users.type)[:20],
)
def test_texts_of_parquet(users, tmp_path):
    path = tmp_path / "log.parquet"
    columns = {"user_id": users, "item_id": pa.array([3, 1, 2]), "timestamp": pa.array([5, 6, 7])}
    parquet.write_table(pa.table(columns), path, row_group_size=2)
    assert rows(path) == [("b", 3, 5), ("a", 1, 6), ("b", 2, 7)]
    assert np.array_equal(load_log(str(path)).table.index, [0, 1, 2])
