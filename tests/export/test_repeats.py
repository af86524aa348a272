"""An export with `--repeats`: seen items come up in every form, and the proof wants them to."""

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from export.artifact.changes import change_text, relative
from export.artifact.documents import Answer, Parity, Provenance, Report
from export.artifact.model_card import write_model_card
from export.artifact.version import find_artifact
from export.batch.scoring import Scorer, answer_schema
from export.exporter import _repeating, export_encoder
from export.graph.choice import _asked
from export.graph.cost import figures
from export.graph.exact import exact_index
from export.inspection import described
from export.litert.modes import MODES
from export.litert.report import _losses, _ndcg, parity_text
from export.litert.runner import lite_answers
from export.options import ExportOptions
from export.proof.approximate import ApproximateJudge
from export.proof.contract import read_graph
from export.proof.runner import signature_answers
from export.refreshing import _options
from export.sources.origin import Origin
from seqrec_tf.data.splits import Queries
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig, RunConfig

METRICS = {
    **{"protocol": "P1 (repeats)", "users": 40, "repeats": True},
    "seen_targets": {"test": 31, "validation": 30},
    "test": {"hit_rate@10": 0.5, "ndcg@10": 0.25, "mrr@10": 0.125},
}


@pytest.fixture(scope="module")
def exported(build, tmp_path_factory):
    """The successor encoder in both formats, proven: 12 items, ids 11, 22, ..., k 4.

    After row i, row i + 1 scores 100 and row j scores -j.
    """
    options = ExportOptions(
        formats=("tflite", "savedmodel"),
        **{"output": tmp_path_factory.mktemp("repeats"), "k": 4, "repeats": True},
        quantize="dynamic",
    )
    provenance = Provenance(run=None, data="log.csv", encoder="successor", metrics=METRICS)
    catalogue = build.catalogue("int64")
    origin = Origin(provenance, own_encoder=True)
    lite, saved = export_encoder(build.successor_encoder(), catalogue, options, origin)
    return SimpleNamespace(lite=lite, saved=saved, catalogue=catalogue)


HISTORIES = [[11, 22], [33, 11, 22, 11], []]
WANTED = [[33, 11, 22, 44], [22, 11, 33, 44], [99, 22, 44, 132]]


def test_every_form_recommends_what_was_seen(exported):
    for form, answers in signature_answers(exported.saved, "movie_ids"):
        assert [ids for ids, _ in answers(HISTORIES)] == WANTED, form
    assert [ids for ids, _ in lite_answers(exported.lite)(HISTORIES)] == WANTED


def test_a_phone_answers_rightly_after_histories_of_other_lengths(exported):
    """A constant in place of the hidden rows made LiteRT's interpreter answer wrongly at times."""
    generator = np.random.default_rng(0)
    histories = [generator.choice(exported.catalogue.ids, n).tolist() for n in (0, 1, 2, 7, 50)]
    expected = [lite_answers(exported.lite)([history])[0] for history in histories]
    ask = lite_answers(exported.lite)
    for _ in range(20):
        order = generator.permutation(len(histories))
        found = ask([histories[place] for place in order])
        assert found == [expected[place] for place in order]
    graph = schema.Model.GetRootAs((exported.lite / "model.tflite").read_bytes(), 0).Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    scatters = schema.BuiltinOptions.ScatterNdOptions
    (hides,) = [op for op in operators if op.BuiltinOptionsType() == scatters]
    assert any(hides.Inputs(0) in op.OutputsAsNumpy() for op in operators)  # computed


def test_the_default_of_filter_seen_is_no(exported):
    signature = read_graph(exported.saved).meta_graphs[0].signature_def["recommend"]
    assert list(signature.defaults["filter_seen"].bool_val) == [False]
    # One request may want it otherwise.
    recommend = tf.saved_model.load(str(exported.saved)).signatures["recommend"]
    answer = recommend(
        movie_ids=tf.constant([[11, 22]], tf.int64),
        k=tf.constant(3),
        exclude_ids=tf.constant([], tf.int64),
        filter_seen=tf.constant(True),
    )
    assert answer["movie_ids"].numpy().tolist() == [[33, 44, 55]]


def test_golden_requests_card_and_report_say_so(exported, tmp_path):
    extra = exported.saved / "assets.extra"
    golden = json.loads((extra / "golden_requests.json").read_text())
    assert golden["repeats"] is True
    (seen,) = [r for r in golden["requests"] if r["name"] == "duplicates"]
    assert set(seen["histories"][0]) & set(seen["answers"][0]["ids"])
    asked = {call["name"]: call["inputs"] for call in golden["calls"]}
    assert asked["recommend, options"]["filter_seen"] is True  # the other one of the two
    report = json.loads((extra / "export_report.json").read_text())
    assert report["repeats"] is True and report["proof"]["failures"] == []
    assert json.loads((exported.lite / "model.json").read_text())["repeats"] is True
    for card in (extra / "README.md", exported.lite / "README.md"):
        assert "What somebody has seen may be recommended again." in card.read_text()
        assert "31 of 40 test targets had been seen before" in card.read_text()
    shown = "\n".join(described(find_artifact(exported.saved)))
    assert "may come up again" in shown and "31 of 40 test targets" in shown
    old = {key: value for key, value in report.items() if key != "repeats"}
    write_model_card(tmp_path / "README.md", "savedmodel", "old", Report.of(old))
    assert "has seen is not recommended again" in (tmp_path / "README.md").read_text()


def test_a_refreshed_version_keeps_it(exported):
    report = json.loads((exported.saved / "assets.extra/export_report.json").read_text())
    assert _options(exported.saved, Report.of(report), exported.catalogue).repeats is True
    del report["repeats"]
    assert _options(exported.saved, Report.of(report), exported.catalogue).repeats is False


def test_batch_scoring_with_another_k_keeps_it(exported):
    schema = answer_schema("movie_ids", "int64", "int64")
    parts = [(0, iter([(7, [11, 22], [1, 2])]))]
    scorer = Scorer(exported.saved, "movie_ids", schema, 3)
    rows = pa.concat_tables(table for _, _, table in scorer.answers(parts, 2))
    assert rows["movie_id"].to_pylist() == [33, 11, 22]


@pytest.mark.parametrize(("run", "asked", "found"), [(True, None, True), (False, None, False)])
def test_an_export_follows_its_run(run, asked, found, tmp_path):
    config = RunConfig(data=DataConfig(repeats=run))
    run = SimpleNamespace(config=config, path=tmp_path)
    assert _repeating(ExportOptions(repeats=asked), run).repeats is found
    assert _repeating(ExportOptions(repeats=found), run).repeats is found
    with pytest.raises(InputError, match="--repeats: expected as in .*config.json"):
        _repeating(ExportOptions(repeats=not found), run)


@pytest.mark.parametrize("repeats", [False, True])
def test_an_index_is_measured_as_it_serves(build, repeats):
    """Row 2's successor had been seen by the first, not by the second."""
    encoder = build.successor_encoder()
    histories, targets = tf.ragged.constant([[3, 2], [1, 2]], dtype=tf.int32), np.array([3, 3])
    options = ExportOptions(k=4, repeats=repeats)
    queries = Queries(histories, tf.constant(targets), repeats)
    asked = _asked(encoder, np.arange(13) > 0, options, queries)
    found = figures(exact_index(encoder, build.catalogue("int64")), asked, targets)
    assert found.hit_rate == (1.0 if repeats else 0.5)


def test_a_quantised_file_may_recommend_what_was_seen():
    expected = Answer(ids=[11, 22], titles=["", ""], scores=[2.0, 1.0])
    judges = [ApproximateJudge(MODES["dynamic"], {11, 22}, {11, 22}, r) for r in (True, False)]
    found = [judge([11], expected, [11, 22], [2.0, 1.0]) for judge in judges]
    assert found == [[], ["place 1: 11 may not be recommended"]]


@pytest.mark.parametrize(
    ("wanted", "found", "change", "shown"),
    [
        ([0, 0], [0, 0], 0, "+0.00%"),
        ([0, 0], [1, 0], None, "none"),
        ([1, 0], [0, 0], -1, "-100.00%"),
        ([0.5, 0.5], [0.5, 0.5], 0, "+0.00%"),
        ([0.5, 0.5], [0.25, 0.5], -0.25, "-25.00%"),
    ],
)
def test_a_change_relative_to_nothing_is_none(wanted, found, change, shown):
    wanted, found = np.array(wanted, float), np.array(found, float)
    assert relative(found.mean() - wanted.mean(), wanted.mean()) == change
    assert change_text(change) == shown
    parity = Parity(agreement=1.0, cutoff=10, histories="x", ndcg=_ndcg(wanted, found))
    assert parity.ndcg.change == change
    assert f"({shown}" in parity_text(parity) and "nan" not in parity_text(parity)
    assert bool(_losses("int8", parity)) == (change is not None and change < -0.01)
