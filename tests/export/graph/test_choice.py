"""Which index an export gets, how many probes, and what its report says."""

import json

import numpy as np
import pytest
import tensorflow as tf

from export.artifact.documents import Provenance
from export.exporter import export_encoder
from export.graph.choice import _fewest_probes, build_index
from export.graph.exact import exact_index
from export.options import ExportOptions
from export.sources.origin import Origin
from seqrec_tf.data.splits import Queries, Split
from seqrec_tf.errors import InputError


@pytest.fixture(scope="module")
def split() -> Split:
    """Twenty people of five rows each; the next row is the successor of the last, and unseen."""
    last = np.random.default_rng(0).integers(9, 12, (20, 1))
    rows = last + np.arange(-8, 2, 2)
    queries = Queries(
        tf.RaggedTensor.from_tensor(tf.constant(rows, tf.int32)),
        tf.constant(rows[:, -1] + 1, tf.int32),
    )
    return Split(training=queries.histories, validation=queries, test=queries)


def export(build, tmp_path, split, **options):
    """The report and the restored model of the successor encoder with an index."""
    chosen = ExportOptions(output=tmp_path, k=4, **options)
    encoder, catalogue = build.successor_encoder(), build.catalogue("int64")
    provenance = Provenance(run=None, data=None, encoder="successor", metrics={})
    origin = Origin(provenance, own_encoder=True, split=split)
    (folder,) = export_encoder(encoder, catalogue, chosen, origin)
    report = json.loads((folder / "assets.extra/export_report.json").read_text())
    return report["retrieval"], folder


def test_cells_of_int8_are_chosen_measured_and_proven(build, tmp_path, split):
    facts, folder = export(
        build, tmp_path, split, retrieval="ivf", precision="int8", cells=4, recall=0.9
    )
    assert (facts["kind"], facts["precision"]) == ("ivf", "int8")
    assert 1 <= facts["probes"] <= facts["cells"] and facts["recall@4"] >= 0.85
    assert [point["probes"] for point in facts["curve"]][:3] == [None, 1, 2]
    assert facts["curve"][-1]["recall@4"] == 1
    assert facts["test"]["exact float32"]["hit_rate@10"] == 1
    assert (folder / "assets.extra/retrieval.png").stat().st_size > 10_000
    model = tf.saved_model.load(str(folder))
    histories = tf.ragged.constant([[22, 88], [], [99]], dtype=tf.int64)
    found = model.recommend(histories)["movie_ids"].numpy()
    assert found[:, 0].tolist() == [99, 99, 110]  # the successor; by popularity; the successor


def test_a_reduced_exact_table_says_what_it_costs(build, split):
    encoder = build.successor_encoder()
    exact = exact_index(encoder, build.catalogue("int64"))
    index, facts = build_index(encoder, exact, ExportOptions(precision="float16"), split)
    assert index.table.values.dtype == tf.float16
    assert facts.to_json()["test"].keys() == {"exact float32", "exported", "ndcg_change"}
    assert abs(facts.test.ndcg_change) < 0.01


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retrieval": "ivf"}, "--retrieval ivf: expected --probes, or histories"),
        ({"cells": 3}, "--cells and --probes: belong to --retrieval ivf"),
        ({"retrieval": "ivf", "probes": 0}, "--probes: expected 1 to 12.* Received: 0"),
        ({"retrieval": "hnsw"}, "--retrieval: expected one of exact, ivf. Received: 'hnsw'"),
        ({"recall": 1.5}, "--recall: expected a share.* Received: 1.5"),
        ({"categories": True}, "--categories: expected items with categories"),
    ],
)
def test_settings_that_do_not_fit(build, tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        export(build, tmp_path / "models", None, **options)
    assert not (tmp_path / "models").exists()


def test_probes_reach_the_recall_less_one_standard_error():
    """One probe: the mean 0.75 less sqrt(0.125 / 2) = 0.25; two probes: 0.85 less 0.05."""
    shares = np.array([[0.5, 0.8], [1.0, 0.9]])
    assert _fewest_probes(shares, 0.5) == 1
    assert _fewest_probes(shares, 0.7) == 2
    assert _fewest_probes(np.array([[0.75, 0.9]]), 0.7) == 1  # of one history there is none
