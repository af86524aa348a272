"""`python -m export`: what it prints, what it writes, and what it says about bad input."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest
from helpers.processes import run_module

from export.exporter import export_run
from export.options import ExportOptions

LOADING = "loading TensorFlow; what it says itself is in "


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_published_folders_are_printed(exports, models):
    first, second = ([Path(line) for line in done.stdout.splitlines()] for done in exports)
    assert {path.name for path in first + second} == {"1", "2"}
    for output, (lite, savedmodel) in ((Path("models"), first), (models, second)):
        number = savedmodel.name
        assert (lite, savedmodel) == (output / "seqrec-lite" / number, output / "seqrec" / number)


def test_a_version_holds_its_proof_and_its_model_card(models):
    assert tree(models / "seqrec/2") == {
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/README.md",
        "assets.extra/TRAINING.md",
        "assets.extra/export_report.json",
        "assets.extra/golden_requests.json",
        "assets.extra/manifest.json",
        "assets.extra/tf_serving_warmup_requests",
    }
    assert tree(models / "seqrec-lite/2") == {
        "model.tflite",
        "model.json",
        "README.md",
        "TRAINING.md",
        "export_report.json",
        "golden_requests.json",
        "manifest.json",
    }
    card = (models / "seqrec/2/assets.extra/TRAINING.md").read_text()
    assert (
        card == (models / "seqrec-lite/2/TRAINING.md").read_text() == "# sasrec, the model card\n"
    )


def test_the_report_says_what_was_exported_and_proven(models):
    report = json.loads((models / "seqrec/2/assets.extra/export_report.json").read_text())
    assert (report["encoder"], report["items"], report["k"]) == ("sasrec", 12, 4)
    assert report["metrics"] == {"protocol": "P1", "ndcg@10": 0.25}
    assert report["packages"].keys() == {"tensorflow", "keras", "seqrec-tf"}
    assert report["proof"]["failures"] == []
    assert len(report["proof"]["forms"]) == 10
    assert report == json.loads((models / "seqrec-lite/2/export_report.json").read_text())


def test_a_quantised_export_is_compared_and_says_on_what(random_run, tmp_path, capsys):
    options = ExportOptions(("tflite",), tmp_path, k=4, quantize="dynamic")
    gone = str(tmp_path / "gone.csv")
    data = dataclasses.replace(random_run.config.data, interactions=gone)
    config = dataclasses.replace(random_run.config, data=data)
    (folder,) = export_run(dataclasses.replace(random_run, config=config), options)
    report = json.loads((folder / "export_report.json").read_text())
    sidecar = json.loads((folder / "model.json").read_text())
    assert sidecar["quantization"] == report["lite"]["quantization"] == "dynamic"
    assert sidecar["report"] == report["lite"]
    assert report["proof"]["forms"]["litert"]["agreement"] == 1  # too small to lose anything
    assert report["lite"]["parity"] == {
        "histories": "2,000 histories drawn by popularity, seed 0",
        "cutoff": 4,
        "agreement": 1,
    }
    lines = capsys.readouterr().err.splitlines()
    (warning,) = [line for line in lines if line.startswith("warning: ")]
    assert warning.startswith("warning: NDCG was not measured, because the run's data cannot be")


def test_the_golden_requests_are_those_that_were_proven(models):
    text = (models / "seqrec/2/assets.extra/golden_requests.json").read_text()
    assert text == (models / "seqrec-lite/2/golden_requests.json").read_text()
    golden = json.loads(text)
    assert (golden["id_name"], golden["k"], len(golden["requests"])) == ("movie_ids", 4, 8)


def test_every_published_file_can_be_read_by_other_users(models):
    for path in models.rglob("*"):
        assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004), path


DRIFT = """
import keras
import tensorflow as tf
from export.__main__ import main
from seqrec_tf.models import GRU4Rec

@keras.saving.register_keras_serializable("tests")
class Drifting(GRU4Rec):
    def call(self, rows, training=False):
        hidden = super().call(rows, training)
        return hidden if tf.executing_eagerly() else hidden + 1.0
"""


def test_a_failing_proof_is_shown_and_exit_code_1(build, random_run, tmp_path):
    """An encoder that answers otherwise in a graph than eagerly, as one with a bug may."""
    known = {}
    exec(DRIFT, known)
    encoder = known["Drifting"](items=12, window=3, dim=8, layers=1, dropout=0.0)
    build.run(tmp_path / "run", encoder, random_run.catalogue)
    (tmp_path / "drift.py").write_text(f"{DRIFT}\nmain()\n")
    flags = ["--format", "tflite", "--run", "run", "--k", 4]
    done = run_module("drift", *flags, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"error: \d+ answers differ .* nothing was published:", done.stderr)
    assert "litert, one_item, history 0: place 1: expected" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "models").exists()


@pytest.fixture
def runs(random_run, tmp_path) -> Path:
    shutil.copytree(random_run.path, tmp_path / "good")
    shutil.copytree(random_run.path, tmp_path / "unfinished")
    (tmp_path / "unfinished/metrics.json").unlink()
    return tmp_path


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--run", "nowhere"], "nowhere: no such run"),
        ([], "runs/latest: no such run"),
        (["--run", "unfinished"], "unfinished: expected a finished run, with metrics.json"),
        (["--run", "good", "--name", "a/b"], "--name: expected ASCII letters.* Received: 'a/b'"),
        (["--run", "good", "--format", "onnx"], "--format: invalid choice: 'onnx'"),
        (["--run", "good", "--k", "ten"], "--k: invalid int value: 'ten'"),
        (["--run", "good", "--k", "13"], "--k: expected 1 to 12.* Received: 13"),
        (["--run", "good", "--output", "good/items.csv"], "--output: good/items.csv: expected a f"),
        (["--run", "good", "--quantize", "int8"], "--quantize: .* Received: int8 with savedmodel"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(runs, flags, said):
    before = tree(runs)
    done = run_module("export", *flags, cwd=runs)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith(LOADING)]
    assert re.fullmatch(f"error: .*{said}.*", line)
    assert tree(runs) == before and not (runs / "models").exists()
