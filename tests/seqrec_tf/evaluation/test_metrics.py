"""`metrics.json` as a document: what is written is read back, and older files are readable."""

import json

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.metrics import Metrics


def test_the_file_is_the_document(tmp_path):
    values = {
        "protocol": "P1",
        "users": 2,
        "repeats": False,
        "seen_targets": {"test": 0, "validation": 1},
        "test": {"ndcg@10": 0.5},
        "validation": {"ndcg@10": 0.25},
        "baselines": {"popularity": {"ndcg@10": 0.125}},
        "breakdown": {"history_length": [], "popularity": []},
        "model_digest": "sha256:0",
    }
    text = json.dumps(values, indent=2) + "\n"
    (tmp_path / "metrics.json").write_text(text)
    metrics = Metrics.read(tmp_path / "metrics.json")
    assert (metrics.users, metrics.test, metrics.others) == (2, {"ndcg@10": 0.5}, {})
    metrics.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == text


def test_a_file_of_another_version_keeps_what_it_holds():
    values = {"protocol": "P2", "test": {"ndcg@10": 0.5}, "calibration": 0.75}
    metrics = Metrics.from_dict(values)
    assert (metrics.users, metrics.others) == (None, {"calibration": 0.75})
    assert metrics.as_dict() == values


@pytest.mark.parametrize("values", [{}, {"ndcg@10": 0.5}, {"protocol": 1}])
def test_metrics_have_a_protocol(values):
    with pytest.raises(InputError, match="run/metrics.json: expected metrics, with their protocol"):
        Metrics.from_dict(values, "run/metrics.json")
