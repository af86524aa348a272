"""Build, prove, publish: what a proof that fails leaves behind, and what cannot be exported."""

import pytest
import tensorflow as tf

from export.exporter import export_run
from export.options import ExportOptions
from export.proof.process import ProofError
from seqrec_tf.errors import InputError
from seqrec_tf.models import GRU4Rec
from seqrec_tf.runs.directory import Run


class Drifting(GRU4Rec):
    """Reads histories otherwise in a graph than eagerly, as a layer with a bug may."""

    def call(self, rows, training=False):
        hidden = super().call(rows, training)
        return hidden if tf.executing_eagerly() else hidden + 1.0


@pytest.fixture
def drifting_run(random_run) -> Run:
    encoder = Drifting(items=12, window=3, dim=8, layers=1, dropout=0.0)
    return Run(
        random_run.path, random_run.config, random_run.metrics, encoder, random_run.catalogue
    )


def test_a_failing_proof_publishes_nothing_and_leaves_nothing(drifting_run, tmp_path):
    options = ExportOptions(("tflite",), tmp_path / "models", "bad", k=4)
    with pytest.raises(ProofError, match="nothing was published") as caught:
        export_run(drifting_run, options)
    assert "litert, one_item, history 0: place 1: expected" in str(caught.value)
    assert not (tmp_path / "models").exists()


def test_a_failing_proof_leaves_earlier_versions_alone(drifting_run, tmp_path):
    earlier = tmp_path / "models/bad-lite/1"
    earlier.mkdir(parents=True)
    (earlier / "model.tflite").write_bytes(b"earlier")
    with pytest.raises(ProofError):
        export_run(drifting_run, ExportOptions(("tflite",), tmp_path / "models", "bad", k=4))
    assert [path.name for path in (tmp_path / "models").rglob("*")] == [
        "bad-lite",
        "1",
        "model.tflite",
    ]
    assert (earlier / "model.tflite").read_bytes() == b"earlier"


@pytest.mark.parametrize("k", [0, -1, 13])
def test_k_must_fit_the_catalogue(random_run, tmp_path, k):
    options = ExportOptions(("tflite",), tmp_path / "models", "m", k=k)
    with pytest.raises(InputError, match=f"--k: expected 1 to 12.*Received: {k}"):
        export_run(random_run, options)
    assert not (tmp_path / "models").exists()
