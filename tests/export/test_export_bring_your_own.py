"""The catalogue and the files of an encoder from elsewhere: what they mean, what is wrong."""

import gzip
import json
import sys

import keras
import numpy as np
import pandas as pd
import pytest

from export.__main__ import main
from export.bring_your_own import read_items
from export.foreign import VectorFile
from seqrec_tf.errors import InputError

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
    assert (caught.value.code, output.out, output.err.count("\n")) == (2, "", 1)
    assert output.err.startswith("error: ") and message in output.err
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
