"""The JSON files of an artifact are read and written to the byte, also those of older versions."""

import json

import pytest

from export.artifact.documents import Document, Golden, Proof, Report, Retrieval, Sidecar
from seqrec_tf.errors import InputError

FILES = {
    "seqrec/1/assets.extra/golden_requests.json": (Golden, None),
    "seqrec/1/assets.extra/export_report.json": (Report, 2),
    "seqrec-lite/1/golden_requests.json": (Golden, None),
    "seqrec-lite/1/export_report.json": (Report, 2),
    "seqrec-lite/1/model.json": (Sidecar, 2),
}
CELLS = {
    **{"kind": "ivf", "precision": "int8", "asked_cells": None, "cells": 9, "largest_cell": 4},
    **{"probes": 2, "recall@7": 0.93, "recall_standard_error": 0.01, "recall_of": "the 7 items"},
    "curve": [{"probes": None, "recall@7": 1.0, "milliseconds": 0.2}],
    "test": {
        "exact float32": {"hit_rate@10": 0.5, "ndcg@10": 0.25},
        "exported": {"hit_rate@10": 0.5, "ndcg@10": 0.0},
        "ndcg_change": -1.0,
    },
}
QUANTISED = {
    **{"quantization": "int8", "bytes": 1, "float32_bytes": 4, "latency_ms": {"1": {"10": 0.5}}},
    "parity": {
        **{"histories": "2 drawn", "cutoff": 10, "agreement": 0.9},
        "ndcg": {"float32": 0.0, "quantized": 0.1, "change": None, "standard_error": None},
    },
    "warnings": ["loses"],
}
REPORT = {
    **{"run": None, "data": None, "encoder": "mine", "metrics": {"users": 3}},
    "refreshed": {"from": "models/a/1", "added": 1, "retired": 2},
    "retired": ["a"],
    **{"date": "2026-11-26", "items": 12, "withheld": 0, "dim": 4, "window": 3, "k": 7},
    **{"id_name": "item_ids", "repeats": False, "packages": {"keras": "3"}},
    "lite": QUANTISED,
    "retrieval": CELLS,
    "proof": {
        "tolerance": 1e-4,
        "forms": {"litert": {"requests": 8, "largest_difference": 0.0, "tolerance": 0.2}},
        "failures": [],
        "warmup_records": 66,
    },
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_written_as_it_was_read(name, models, tmp_path):
    kind, indent = FILES[name]
    kind.read(models / name).write(tmp_path / "again.json", indent)
    assert (tmp_path / "again.json").read_bytes() == (models / name).read_bytes()


@pytest.mark.parametrize(
    "values",
    [
        REPORT,
        {key: REPORT[key] for key in REPORT if key not in ("refreshed", "retired", "lite")},
        REPORT | {"retrieval": {"kind": "exact", "precision": "float32"}},
        REPORT | {"lite": QUANTISED | {"parity": None}},
    ],
    ids=["all", "little", "exact", "float32"],
)
def test_keys_keep_their_order(values):
    assert json.dumps(Report.of(values).to_json()) == json.dumps(values)


def test_fields_of_nested_documents():
    report = Report.of(REPORT)
    assert (report.refreshed.from_, report.refreshed.added) == ("models/a/1", 1)
    assert (report.retrieval.cells.probes, report.retrieval.recall.k) == (2, 7)
    assert report.lite.parity.ndcg.change is None
    assert (report.proof.requests, report.proof.forms["litert"].agreement) == (8, None)


def test_what_an_older_file_lacks_is_missed_when_it_is_asked_for():
    golden = Golden.of({"k": 4, "requests": [{"histories": [[1]]}], "what is this": 0})
    assert (golden.k, golden.repeats, golden.ids) == (4, False, None)
    assert golden.requests[0].histories == [[1]]
    with pytest.raises(KeyError, match="dim"):
        golden.dim  # noqa: B018
    assert golden.replaced(dim=8).dim == 8
    assert golden.to_json() == {"k": 4, "requests": [{"histories": [[1]]}]}
    with pytest.raises(AttributeError, match="'Golden' object has no attribute 'dims'"):
        golden.dims  # noqa: B018
    assert "'k': 4" in repr(golden)


def test_cells_of_an_older_version_were_all_asked_for():
    old = {"kind": "ivf", "precision": "float32", "cells": 9, "probes": 2, "recall@7": 0.9}
    read = Retrieval.of(old)
    assert (read.cells.asked_cells, read.recall.standard_error, read.recall.of) == (9, None, None)
    assert Retrieval.of(CELLS).cells.asked_cells is None


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (Report, "{", "line 1: expected JSON"),
        (Report, "[]", "expected a JSON object. Received: list"),
        (Report, '{"proof": 1}', "it was changed or damaged since. Received: AttributeError"),
        (Proof, '{"forms": [1]}', "it was changed or damaged since. Received: AttributeError"),
        (Golden, '{"requests": 1}', "it was changed or damaged since. Received: TypeError"),
        (Sidecar, '{"items": "?"}', "it was changed or damaged since. Received: AttributeError"),
        (Report, '{"retrieval": {"recall@": 1}}', "damaged since. Received: ValueError"),
    ],
)
def test_a_damaged_file_is_one_line(kind: type[Document], content, said, tmp_path):
    path = tmp_path / "document.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        kind.read(path)
    assert str(caught.value).startswith(str(path)) and said in str(caught.value)
    assert "\n" not in str(caught.value)
