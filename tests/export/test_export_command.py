"""`python -m export`: what it prints, what it writes, and what it says about bad input."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_published_folders_are_printed(exports, models):
    first, second = ([Path(line) for line in done.stdout.splitlines()] for done in exports)
    assert first == [Path("models/seqrec-lite/1"), Path("models/seqrec/1")]
    assert second == [models / "seqrec-lite/2", models / "seqrec/2"]
    assert {path.name for path in models.iterdir()} == {"seqrec", "seqrec-lite", "models.config"}


def test_a_version_holds_its_proof_and_its_model_card(models):
    assert tree(models / "seqrec/2") == {
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/README.md",
        "assets.extra/export_report.json",
        "assets.extra/golden_requests.json",
    }
    assert tree(models / "seqrec-lite/2") == {
        "model.tflite",
        "model.json",
        "README.md",
        "export_report.json",
        "golden_requests.json",
    }
    card = (models / "seqrec/2/assets.extra/README.md").read_text()
    assert card == (models / "seqrec-lite/2/README.md").read_text() == "# sasrec, the model card\n"


def test_the_report_says_what_was_exported_and_proven(models):
    report = json.loads((models / "seqrec/2/assets.extra/export_report.json").read_text())
    assert (report["encoder"], report["items"], report["k"]) == ("sasrec", 12, 4)
    assert report["metrics"] == {"protocol": "P1", "ndcg@10": 0.25}
    assert report["packages"].keys() == {"tensorflow", "keras", "seqrec-tf"}
    assert report["proof"]["failures"] == []
    assert len(report["proof"]["forms"]) == 7
    assert report == json.loads((models / "seqrec-lite/2/export_report.json").read_text())


def test_the_golden_requests_are_those_that_were_proven(models):
    text = (models / "seqrec/2/assets.extra/golden_requests.json").read_text()
    assert text == (models / "seqrec-lite/2/golden_requests.json").read_text()
    golden = json.loads(text)
    assert (golden["id_name"], golden["k"], len(golden["requests"])) == ("movie_ids", 4, 8)


def test_every_published_file_can_be_read_by_other_users(models):
    for path in models.rglob("*"):
        assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004), path


def test_a_run_that_diverged_is_not_published(build, random_run, tmp_path):
    encoder = build.random_encoder(2)
    encoder.embedding.embeddings.assign(np.full((13, 8), np.nan))
    build.run(tmp_path / "run", encoder, random_run.catalogue)
    done = build.run_module("export", "--format", "tflite", "--run", "run", "--k", 4, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"error: \d+ answers differ .* nothing was published:", done.stderr)
    assert re.search(r"litert, one_item, history 0: place 1: expected score .*, got", done.stderr)
    assert list((tmp_path / "models").iterdir()) == []


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
        (["--run", "good", "--name", "a/b"], "--name: expected letters.* Received: 'a/b'"),
        (["--run", "good", "--format", "onnx"], "--format: invalid choice: 'onnx'"),
        (["--run", "good", "--k", "ten"], "--k: invalid int value: 'ten'"),
        (["--run", "good", "--k", "13"], "--k: expected 1 to 12.* Received: 13"),
        (["--run", "good", "--output", "good/config.json"], "good/config.json"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(build, runs, flags, said):
    before = tree(runs)
    done = build.run_module("export", *flags, cwd=runs)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"error: .*{said}.*\n", done.stderr), done.stderr
    assert tree(runs) == before and not (runs / "models").exists()
