"""Items added to and retired from a published model, without training."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from export.additions import read_additions
from export.refresh import _merged, refresh
from export.signature_runner import signature_caller
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json

# The successor encoder: the vector of row r has one component for each row it may follow.
FOLLOWS_8 = [0.0] * 8 + [50.0] + [-20.0] * 4


@pytest.fixture(scope="module")
def refreshed(categorised, tmp_path_factory):
    """Item 5, between nothing and 11, follows 88 too; 200 is like 33 and 44; 99 is retired."""
    folder = tmp_path_factory.mktemp("refresh")
    version = folder / "models/seqrec/3"
    shutil.copytree(categorised.folder, version)
    report = {"run": None, "data": None, "encoder": "successor", "metrics": {}, "k": 4}
    retrieval = {"kind": "exact", "precision": "float32"}
    (version / "assets.extra").mkdir()
    write_json(
        version / "assets.extra/export_report.json",
        {**report, "id_name": "movie_ids", "window": 3, "retrieval": retrieval},
    )
    vector = " ".join(map(str, FOLLOWS_8))
    (folder / "new.csv").write_text(
        "id,action,title,vector,neighbours,categories\n"
        f"5,add,Five,{vector},,Late\n200,,,,33|44,\n99,retire,,,,\n"
    )
    return refresh(folder / "new.csv", folder / "models/seqrec")[0]


def answers(folder, *histories):
    model = tf.saved_model.load(str(folder))
    return model.recommend(tf.ragged.constant(list(histories), dtype=tf.int64))


def test_the_next_version_is_published_beside_the_old(refreshed):
    assert (refreshed.name, refreshed.parent.name) == ("4", "seqrec")
    report = json.loads((refreshed / "assets.extra/export_report.json").read_text())
    assert (report["items"], report["withheld"], report["k"]) == (14, 1, 4)
    assert report["refreshed"] == {"from": str(refreshed.with_name("3")), "added": 2, "retired": 1}
    assert report["proof"]["failures"] == []


def test_added_items_come_up_and_retired_ones_do_not(refreshed):
    answer = answers(refreshed, [22, 88], [], [99])
    ids = answer["movie_ids"].numpy().tolist()
    assert ids[0][0] == 5  # 99, the successor of 88, is retired
    assert answer["scores"].numpy()[0, 0] == 50
    assert answer["titles"].numpy()[0, 0] == b"Five"
    assert ids[1] == [22, 44, 132, 11]  # by popularity; new items have none
    assert ids[2][0] == 110  # a retired item is still read


def test_an_added_item_is_read_as_the_one_most_like_it(refreshed):
    # Their mean is a little more like 44 than like 33, whose vector is shorter; 55 follows 44.
    assert answers(refreshed, [200])["movie_ids"].numpy()[0, 0] == 55


def test_categories_go_along(refreshed, categorised):
    late = {"movie_ids": [[22, 88]], "k": 6, "categories": ["late", "Late"]}
    # Of the late ones 99 is retired; the new one has the capital.
    with signature_caller(refreshed) as call:
        assert call("recommend", late)["movie_ids"] == [[5, 110, 121, 132, 0, 0]]


def test_vectors_are_given_or_averaged(refreshed, categorised):
    new = tf.saved_model.load(str(refreshed))
    table = categorised.model.item_vectors(tf.range(13)).numpy()
    rows = tf.constant([1, 2, 14])  # 5, 11, ..., 132, 200
    expected = [FOLLOWS_8, table[1], (table[3] + table[4]) / 2]
    np.testing.assert_array_equal(new.item_vectors(rows), expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,vector\n5,1 2\n", "line 2, column 'vector': expected 13 finite numbers.*'1 2'"),
        ("id,vector\n5,\n", "line 2, column 'vector': expected either a vector or neighbours"),
        ("id,neighbours\n5,11|12\n", "line 2, column 'neighbours': expected ids of the model"),
        ("id,neighbours\n11,22\n", "line 2, column 'id': expected an item that the model does not"),
        ("id,action\n5,retire\n", "line 2, column 'id': expected an item of the model, to retire"),
        ("id,action\n5,remove\n", "line 2, column 'action': expected add or retire"),
        ("id,action\n11,retire\n11,retire\n", "line 3, column 'id': expected every id once"),
        ("id,weight\n5,1\n", "line 1: expected the columns id, action.* Received: id, weight"),
        ("id,title\n5,Five\n", "expected a column vector or neighbours, to add items"),
    ],
)
def test_what_cannot_be_carried_out_is_named(build, tmp_path, text, said):
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_additions(tmp_path / "new.csv", build.catalogue("int64"), np.ones((13, 13)))


BARS = ["p", "q", "r", "p|q", "x|y", " x", "x", "é\u2028"]


@pytest.mark.parametrize(
    ("neighbours", "rows"),
    [
        ("p|r", ["p", "r"]),
        ("p|q", ["p|q"]),
        ("q|p", ["p", "q"]),
        ("x|y", ["x|y"]),
        ("x|y|p", ["x|y", "p"]),
        ("r|x|y| x", ["r", "x|y", " x"]),
        ("é\u2028|x", ["é\u2028", "x"]),
        (["p|q"], ["p|q"]),
        (["p", "q"], ["p", "q"]),
        ([" x", "x", "x"], [" x", "x", "x"]),
    ],
)
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_neighbours_are_named_exactly(neighbours, rows, kind, tmp_path):
    found = added(tmp_path / f"new.{kind}", {"neighbours": neighbours})
    np.testing.assert_allclose(found.vectors, [np.eye(8)[[BARS.index(r) for r in rows]].mean(0)])


def added(path, *rows: dict):
    """Items "new0", "new1", ... beside those of `BARS`, whose vectors are the unit vectors."""
    frame = pd.DataFrame([{"id": f"new{n}", **row} for n, row in enumerate(rows)])
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    order = sorted(BARS)
    ids = np.array(order, object)
    catalogue = Catalogue(ids, ids, np.zeros(8), "item_ids")
    table = np.concatenate([np.zeros((1, 8)), np.eye(8)[[BARS.index(raw) for raw in order]]])
    return read_additions(path, catalogue, table)


@pytest.mark.parametrize(
    "neighbours", ["p|q|r", " p", "x |y", "y", "p||r", ["p", " q"], ["p", None], [["p"]]]
)
def test_neighbours_that_are_none_or_could_be_others(neighbours, tmp_path):
    with pytest.raises(InputError, match="line 1, column 'neighbours': expected ids of the model"):
        added(tmp_path / "new.jsonl", {"neighbours": neighbours})


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lists_of_numbers_and_of_categories(kind, tmp_path):
    ones = [1.0] * 8
    row = {"vector": ones, "title": " A\r", "categories": ["Sci-Fi, old", "War"]}
    found = added(tmp_path / f"new.{kind}", row, {"vector": ones})
    assert found.vectors.tolist() == [ones, ones]
    assert found.titles.tolist() == [" A\r", "new1"]
    assert found.categories.tolist() == ["Sci-Fi, old|War", ""]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("title", ["A"]),
        ("title", b"A"),
        ("categories", {"a": 1}),
        ("vector", b"1 2"),
        ("vector", True),
    ],
)
def test_values_that_are_no_text(column, value, tmp_path):
    with pytest.raises(InputError, match=f"row 1, column '{column}': expected a text"):
        added(tmp_path / "new.parquet", {"neighbours": "p", column: value})


def test_categories_that_the_model_has_no_place_for_are_said(build, tmp_path, capsys):
    found = added(
        tmp_path / "new.jsonl", {"neighbours": "p", "categories": ["A"]}, {"neighbours": "q"}
    )
    ids = np.array(sorted(BARS), object)
    merged, _ = _merged(Catalogue(ids, ids, np.zeros(8), "item_ids"), found)
    assert merged.categories is None and merged.size == 10
    assert "categories of 1 of 2 added items are left out" in capsys.readouterr().err
