"""Items added to and retired from a published model, without training."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from export import exporter
from export.artifact.documents import Proof, Report
from export.proof.contract import read_graph
from export.proof.ops import op_counts
from export.proof.runner import signature_caller
from export.refreshing import refresh
from export.sources import refreshed as refreshed_module
from export.sources.additions import Additions, read_additions
from export.sources.merging import merged
from export.sources.published import retired_rows
from export.sources.refreshed import Trained, stand_ins
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
    # Of what the exporter writes there, only whose ops the graph may have is needed.
    write_json(version / "assets.extra/golden_requests.json", {"own_encoder": True})
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


def test_a_refreshed_version_is_held_to_the_ops_that_the_old_one_was(refreshed, again):
    for version in (refreshed, again[-1]):
        golden = json.loads((version / "assets.extra/golden_requests.json").read_text())
        assert golden["own_encoder"] is True


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
    catalogue = Catalogue(ids, ids, np.zeros(8), "item_ids")
    new, _, _ = merged(catalogue, found, np.zeros(9, bool))
    assert new.categories is None and new.size == 10
    assert "categories of 1 of 2 added items are left out" in capsys.readouterr().err


@pytest.fixture(scope="module")
def again(refreshed):
    """Two more versions: 5 and 200 go and 99 comes back; then 5 is another and 200 as it was."""
    folder = refreshed.parents[2]
    tables = [
        "id,action\n5,retire\n200,retire\n99,add\n",
        "id,action,title,neighbours\n5,,Five again,11\n200,,,\n99,retire,,\n33,retire,,\n",
    ]
    found = [refreshed]
    for number, text in enumerate(tables):
        (folder / "new.csv").write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            if number == 0:  # the last one is proven
                patch.setattr(
                    exporter, "run_proof", lambda _: Proof(tolerance=0.0, forms={}, failures=[])
                )
            found += refresh(folder / "new.csv", folder / "models/seqrec")
    return found


def report_of(version) -> dict:
    return json.loads((version / "assets.extra/export_report.json").read_text())


def test_a_retired_item_comes_back_as_it_was(again):
    answer = answers(again[1], [22, 88], [99])
    assert answer["movie_ids"].numpy()[:, 0].tolist() == [99, 110]
    assert answer["titles"].numpy()[0, 0].decode() == "Title é 9"
    assert answer["scores"].numpy()[0, 0] == 100
    assert not {5, 200} & set(answers(again[1], [])["movie_ids"].numpy().ravel().tolist())
    assert [report_of(version)["retired"] for version in again] == [[99], [5, 200], [33, 99]]
    assert [report_of(version)["withheld"] for version in again] == [1, 2, 2]


def test_a_retired_item_comes_back_with_what_is_given(again):
    model, first = (tf.saved_model.load(str(version)) for version in (again[2], again[0]))
    rows = tf.constant([1, 2, 14])  # 5, 11, ..., 132, 200
    five, eleven, two_hundred = model.item_vectors(rows).numpy()
    np.testing.assert_array_equal(five, eleven)
    np.testing.assert_array_equal(two_hundred, first.item_vectors(rows).numpy()[2])
    assert model.titles.numpy()[[1, 14]].tolist() == [b"Five again", b"200"]
    assert model.recommend(tf.ragged.constant([[200]], tf.int64))["movie_ids"].numpy()[0, 0] == 55
    # The one of another vector is read as what is most like it now: after 11 comes 22.
    assert model.recommend(tf.ragged.constant([[5]], tf.int64))["movie_ids"].numpy()[0, 0] == 22


def test_refreshes_do_not_lie_on_top_of_each_other(again):
    """Versions of as many items are as large, however many refreshes there were."""
    sizes = [sum(f.stat().st_size for f in (v / "variables").iterdir()) for v in again]
    assert max(sizes) - min(sizes) < 64, sizes
    graphs = [read_graph(version) for version in again]
    assert len({op_counts(graph).total() for graph in graphs}) == 1
    assert len({len(graph.meta_graphs[0].graph_def.library.function) for graph in graphs}) == 1
    files = [(version / "saved_model.pb").stat().st_size for version in again]
    assert max(files) < 1.01 * min(files), files


RETIRED = np.isin(np.arange(13), [2, 3])  # 22 and 33


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,vector\n22,1 2\n", "line 2, column 'vector': expected 13 finite numbers"),
        ("id,neighbours\n22,7\n", "line 2, column 'neighbours': expected ids of the model"),
        ("id,action\n22,retire\n22,add\n", "line 3, column 'id': expected every id once"),
        ("id\n44\n", "line 2, column 'id': expected an item that the model does not have, or one"),
        ("id,vector,neighbours\n22,1,11\n", "column 'vector': expected either a vector or neigh"),
        ("id,title\n22,A\n5,B\n", "expected a column vector or neighbours, to add items"),
    ],
)
def test_what_cannot_be_added_again_is_named(build, tmp_path, text, said):
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_additions(tmp_path / "new.csv", build.catalogue("int64"), np.ones((13, 13)), RETIRED)


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_what_is_given_for_a_retired_item_and_what_stays(build, tmp_path, kind):
    categories = np.array([f"c{row}" for row in range(1, 13)], object)
    catalogue = dataclasses.replace(build.catalogue(kind), categories=categories)
    two, three, four = catalogue.ids[1:4].tolist()
    (tmp_path / "new.csv").write_text(
        f"id,action,title,categories,neighbours\n{three},,,new,{four}\n{two},,A,,\n{four},retire,,,\n"
    )
    table = np.arange(13.0)[:, np.newaxis].astype(np.float32)
    found = read_additions(tmp_path / "new.csv", catalogue, table, RETIRED)
    assert (found.ids.tolist(), found.rows.tolist()) == ([three, two], [3, 2])
    assert found.titles.tolist() == ["Title é 3", "A"]
    assert found.categories.tolist() == ["new", "c2"]
    assert (found.vectors.tolist(), found.moved.tolist()) == ([[4], [2]], [True, False])
    assert found.retired.tolist() == [4]


def test_what_a_list_withholds_is_not_retired_and_stays_withheld(build):
    old = dataclasses.replace(build.catalogue("int64"), withheld=np.arange(1, 13) == 7)
    retires = changes(retired=[7, 8])
    catalogue, _, retired = merged(old, retires, np.zeros(13, bool))
    assert (np.flatnonzero(retired), catalogue.never().sum()) == ([8], 3)
    back = changes(ids=old.ids[7:8], rows=[8])
    catalogue, _, retired = merged(catalogue, back, retired)
    assert (retired.any(), np.flatnonzero(catalogue.never()).tolist()) == (False, [0, 7])
    with pytest.raises(InputError, match="expected an item that may be recommended"):
        merged(old, changes(retired=np.arange(1, 13)), np.zeros(13, bool))


def test_what_was_retired_is_read_from_the_report():
    model = SimpleNamespace(
        ids=tf.constant(["", "a", "b"]), allowed=tf.constant([False, True, False])
    )
    assert retired_rows(model, Report.of({"retired": ["a"]})).tolist() == [False, True, False]
    assert not retired_rows(model, Report.of({})).any()  # withheld by a list
    assert retired_rows(model, Report.of({"refreshed": {}})).tolist() == [False, False, True]


def test_added_items_are_read_as_learnt_ones_whatever_fits_at_a_time(monkeypatch):
    table = np.array([[0, 0], [1, 0], [0, 1], [3, 3], [5, 5.1]], np.float32)
    learnt = np.array([True, True, True, True, False])
    trained = Trained(None, [], np.array([0, 1, 2, 3, 2], np.int32), learnt)
    vectors = np.array([[2, 2.1], [9, 1], [0, -1], [1, 1], [7, 7]], np.float32)
    added = changes(ids=range(5), rows=[0, 0, 1, 4, 4], vectors=vectors, moved=[1, 1, 1, 0, 1])
    for scores in (1, 1 << 20):
        monkeypatch.setattr(refreshed_module, "SCORES", scores)
        read, known = stand_ins(trained, table, added, np.arange(10))
        # New ones by the cosine, but not as row 4; row 1 as itself; row 4 as before, or anew.
        assert read.tolist() == [0, 1, 2, 3, 2, 3, 1, 1, 2, 3]
        assert known.tolist() == [*learnt, False, False, True, False, False]


def changes(ids=(), rows=(), vectors=(), moved=None, retired=()) -> Additions:
    count, texts = len(ids), np.array([""] * len(ids), object)
    moved = np.zeros(count, bool) if moved is None else np.array(moved, bool)
    rows, retired = (np.array(part, np.int32) for part in (rows, retired))
    return Additions(np.array(ids, np.int64), rows, texts, vectors, moved, texts, retired)
