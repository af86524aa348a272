"""The catalogue and the files of an encoder from elsewhere: what they mean, what is wrong."""

import gzip
import json
import sys
from decimal import Decimal

import keras
import numpy as np
import pandas as pd
import pytest

from export.__main__ import main
from export.bring_your_own import read_items
from export.sources.foreign import VectorFile
from seqrec_tf.data.columns import COUNT
from seqrec_tf.data.logs import load_logs
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig

ITEMS = pd.DataFrame({"id": [30, 10, 20], "title": ["C", "A", "B"], "count": [3, 0, 2**53]})


def write(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["i.csv", "i.tsv", "i.jsonl", "i.csv.gz", "i.parquet", "memory"])
def test_items_of_every_format_are_sorted_by_id(name, tmp_path):
    path = tmp_path / name
    if name.endswith(".parquet"):
        ITEMS.to_parquet(path)
    elif name.endswith(".jsonl"):
        ITEMS.to_json(path, orient="records", lines=True)
    elif name != "memory":
        ITEMS.to_csv(path, sep="\t" if "tsv" in name else ",", index=False)
    catalogue, order = read_items(ITEMS if name == "memory" else path, "sku")
    assert catalogue.ids.tolist() == [10, 20, 30] and catalogue.ids.dtype == np.int64
    assert catalogue.titles.tolist() == ["A", "B", "C"]
    assert catalogue.counts.tolist() == [0, 2**53, 3]
    assert (order.tolist(), catalogue.id_name) == ([1, 2, 0], "sku")


def test_ids_alone_are_their_own_titles_and_nobody_watched_them():
    catalogue, order = read_items(np.array([7, 5]), "sku")
    assert (catalogue.titles.tolist(), catalogue.counts.tolist()) == (["5", "7"], [0, 0])
    assert order.tolist() == [1, 0]


def test_texts_in_memory_stay_texts_and_those_of_a_file_are_as_in_training(tmp_path):
    assert read_items(["7", "10"], "sku")[0].ids.tolist() == ["10", "7"]
    assert read_items(write(tmp_path / "i.csv", "id\n7\n10\n"), "sku")[0].ids.tolist() == [7, 10]
    path = write(tmp_path / "i.csv", "id\n7\n007\n")
    assert read_items(path, "sku")[0].ids.tolist() == ["007", "7"]


def test_columns_that_only_some_json_lines_have(tmp_path):
    lines = [{"id": 1, "title": "A"}, {"id": 2, "title": "B", "count": 4}]
    path = write(tmp_path / "i.jsonl", "\n".join(map(json.dumps, lines)))
    with pytest.raises(InputError) as caught:
        read_items(path, "sku")
    assert str(caught.value) == (
        f"{path}, line 1, column 'count': expected a whole number from 0 to 2^53. Received: None."
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("count", -1, "a whole number from 0 to 2^53. Received: -1"),
        ("count", 1.5, "a whole number from 0 to 2^53. Received: 1.5"),
        ("count", 1e300, "a whole number from 0 to 2^53. Received: 1e+300"),
        pytest.param(
            "count", 10**5000, f"{COUNT}. Received: a number of thousands of digits", id="-"
        ),
        ("count", "many", "a whole number from 0 to 2^53. Received: 'many'"),
        ("count", None, "a whole number from 0 to 2^53. Received: None"),
        ("count", True, "a whole number from 0 to 2^53. Received: True"),
        ("title", float("nan"), "a text. Received: nan"),
        ("title", 1984, "a text. Received: 1984"),
        ("id", None, "an id, an integer or a string. Received: None"),
        ("id", 2.0, "an id, an integer or a string. Received: 2.0"),
        ("id", "", "an id, an integer or a string. Received: ''"),
        ("id", "30", "every id once. Received: '30'"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(column, value, expected):
    items = ITEMS.astype(object)
    items.loc[1, column] = value
    with pytest.raises(InputError) as caught:
        read_items(items, "sku")
    assert str(caught.value) == f"items, row 2, column {column!r}: expected {expected}."


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([5, 0], "items, row 2, column 'id': expected an id from 1 on; 0 is padding. Received: 0"),
        ([5, 6, 5], "items, row 3, column 'id': expected every id once. Received: 5"),
        ([], "items: expected at least one item. Received: none"),
        (7, "items: expected a table, the path of one, or ids. Received: 7"),
        (None, "items: expected a table, the path of one, or ids. Received: None"),
        (
            ITEMS.rename(columns={"id": "sku"}),
            "id must be there. Received: 'sku', 'title', 'count'",
        ),
        (ITEMS.rename(columns={"count": "views"}), "items: expected the columns id, title, count"),
    ],
)
def test_items_that_do_not_fit(items, message):
    with pytest.raises(InputError) as caught:
        read_items(items, "sku")
    assert message in str(caught.value)


def test_a_wrong_value_of_a_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "i.csv.gz"
    path.write_bytes(gzip.compress(b'id,title,count\n1,"two\nlines",3\n2,B,2.5\n'))
    with pytest.raises(InputError) as caught:
        read_items(path, "sku")
    assert str(caught.value).startswith(f"{path}, line 4, column 'count': expected a whole number")


def test_vectors_of_a_file(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(3))
    vectors = VectorFile(tmp_path / "v.npy")
    assert vectors.shape == (3, 3) and vectors[1:9].tolist() == [[0, 1, 0], [0, 0, 1]]
    np.savez(tmp_path / "v.npz", a=np.eye(3))
    content = (tmp_path / "v.npy").read_bytes()
    (tmp_path / "half.npy").write_bytes(content[:100])
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_text("0.5,1.5\n")
    np.save(tmp_path / "objects.npy", np.array([{}], object))
    for name in ("v.npz", "half.npy", "empty.npy", "text.npy", "objects.npy"):
        with pytest.raises(InputError, match=f"{name}: expected .* .npy. Received: "):
            VectorFile(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--encoder": "half.keras"}, "half.keras: expected a file that Keras saved. Received: no"),
        ({"--items": "none.csv"}, "items none.csv: expected a file. Received: no such file"),
        ({"--items": "v.npy"}, "items v.npy: expected a file that ends in .csv, .tsv"),
        ({"--item-vectors": "items.csv"}, "items.csv: expected an array that NumPy saved"),
        ({"--item-vectors": "none.npy"}, "No such file or directory: 'none.npy'"),
        ({"--window": "0"}, "window: expected a whole number from 1 on. Received: 0"),
    ],
)
def test_wrong_files_on_the_command_line(change, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    rows = keras.Input([None], dtype="int32")
    keras.Model(rows, keras.layers.Embedding(4, 2)(rows)[:, -1]).save("good.keras")
    content = (tmp_path / "good.keras").read_bytes()
    (tmp_path / "half.keras").write_bytes(content[: len(content) // 2])
    ITEMS.to_csv("items.csv", index=False)
    np.save("v.npy", np.eye(3))
    given = {"--encoder": "good.keras", "--items": "items.csv", "--item-vectors": "v.npy"}
    flags = {**given, "--window": "3", **change}
    monkeypatch.setattr(sys, "argv", ["export", *(word for pair in flags.items() for word in pair)])
    with pytest.raises(SystemExit) as caught:
        main()
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    loading = "loading TensorFlow; "
    (line,) = [line for line in output.err.splitlines() if not line.startswith(loading)]
    assert line.startswith("error: ") and message in line
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--items", "i.csv"], "--items: expected --encoder with it. Received: none"),
        (["--fixed"], "--fixed: expected --encoder with it. Received: none"),
        (["--encoder", "e.keras", "--run", "r"], "--run: expected no --encoder beside it"),
        (["--encoder", "e.keras"], "--encoder: expected --items with it"),
        (
            ["--encoder", "e.h5", "--items", "i", "--item-vectors", "v", "--window", "1"],
            "--encoder: expected a file that Keras wrote, NAME.keras. Received: e.h5",
        ),
        (["--id-name", ""], "--id-name: expected lower-case letters"),
    ],
)
def test_flags_that_do_not_go_together(flags, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["export", *flags])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


WIDE = [2**63, 2**64 - 1, 7]


def frame(values, dtype=None) -> pd.DataFrame:
    return pd.DataFrame({"id": pd.Series(values, dtype=dtype)})


@pytest.mark.parametrize(
    "items",
    [
        *[
            np.array([30, 7], kind)
            for kind in ("int8", "uint8", "int16", "int32", "uint32", "uint64")
        ],
        [np.int64(30), np.uint8(7)],
        frame([30, 7], object),
        frame([np.int16(30), 7], object),
        frame(pd.Categorical([30, 7])),
        frame(pd.Categorical(pd.Series([30, 7], dtype=object))),
        *[
            frame([30, 7], kind)
            for kind in ("Int64", "UInt16", "int64[pyarrow]", "uint64[pyarrow]")
        ],
        frame([30, "7"], object),
        frame([np.int64(30), np.str_("7")], object),
        pd.Index([30, 7]),
    ],
)
def test_integers_in_any_column_are_integers(items, capsys):
    catalogue, order = read_items(items, "sku")
    assert catalogue.ids.dtype == np.int64 and catalogue.ids.tolist() == [7, 30]
    assert (catalogue.titles.tolist(), order.tolist()) == (["7", "30"], [1, 0])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "items",
    [
        *[["30", "7"], np.array(["30", "7"]), [np.str_("30"), "7"], pd.Index(["30", "7"])],
        *[frame(["30", "7"], kind) for kind in (object, "string", "category", "string[pyarrow]")],
    ],
)
def test_texts_in_any_column_stay_texts(items, capsys):
    assert read_items(items, "sku")[0].ids.tolist() == ["30", "7"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("items", "count"),
    [
        (np.array(WIDE, np.uint64), 2),
        (frame(WIDE, object), 2),
        (frame(WIDE, "UInt64"), 2),
        (frame(pd.Categorical(WIDE)), 2),
        ([2**64, 2**70, 7], 2),
        ([7, 8, "a"], 1),
        ([7, "007", "0"], 2),
    ],
)
def test_numbers_that_no_int64_holds_make_texts_of_all_as_in_training(
    items, count, tmp_path, capsys
):
    catalogue, _ = read_items(items, "sku")
    raw = items["id"] if isinstance(items, pd.DataFrame) else items
    assert catalogue.ids.tolist() == sorted(map(str, raw))
    said = capsys.readouterr().err
    assert said.startswith(
        f"warning: items, column 'id': {count} of 3 ids are no plain positive integer"
    )


@pytest.mark.parametrize("ids", [WIDE, [0, 5, 7], ["7", "8"], [7, 8], ["x", "7"]])
@pytest.mark.parametrize("name", ["i.parquet", "i.jsonl", "i.csv"])
def test_a_file_is_read_as_training_reads_it(ids, name, tmp_path):
    path, rows = tmp_path / name, pd.DataFrame({"item_id": ids, "user_id": 1, "timestamp": 1})
    for column in ("id", "item_id"):
        table = rows.rename(columns={"item_id": column})[[column, "user_id", "timestamp"]]
        table = table[["id"]] if column == "id" else table
        if name == "i.parquet":
            table.to_parquet(path)
        elif name == "i.jsonl":
            table.to_json(path, orient="records", lines=True)
        else:
            table.to_csv(path, index=False)
        if column == "id":
            found = read_items(path, "sku")[0].ids.tolist()
    assert found == sorted(load_logs(DataConfig(interactions=str(path))).table["item"])


@pytest.mark.parametrize(
    ("items", "received"),
    [
        ([True, False], "True"),
        ([7, True], "True"),
        ([7.0, 8.0], "7.0"),
        ([7, None], "None"),
        (frame([7, None], "Int64"), "<NA>"),
        (frame([7, pd.NA], object), "<NA>"),
        ([Decimal(7)], "Decimal('7')"),
        ([b"a"], "b'a'"),
        ([10**5000], "a number of thousands of digits"),
        (frame(pd.Categorical([7, None])), "nan"),
        ([[7]], "[7]"),
        (["a", ""], "''"),
        (["a", "\u2028"], "'\\u2028'"),
        (["a", "b\ud800"], "'b\\ud800'"),
        (["a", "b\0"], "'b\\x00'"),
        ([7, "7"], "'7'"),
        ([np.int8(7), 7], "7"),
        (["a", np.str_("a")], "a"),
        (pd.to_datetime(["2024-01-01"]), "Timestamp("),
    ],
)
def test_ids_of_another_type_or_twice(items, received):
    with pytest.raises(InputError) as caught:
        read_items(items, "sku")
    assert "column 'id': expected " in str(caught.value) and received in str(caught.value)


def test_a_title_of_half_a_character_is_refused():
    with pytest.raises(InputError, match="row 2, column 'title': expected a text of whole Unicode"):
        read_items(pd.DataFrame({"id": [1, 2], "title": ["A", "\udc00"]}, dtype=object), "sku")
