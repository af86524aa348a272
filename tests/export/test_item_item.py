"""Item-item models, and a model of all data, ship as any other: exported, proven, verified."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.tiny_runs import SMALL, finished_run, write_log

DATA = ("--interactions", "log.csv", "--titles", "titles.csv", "--id-name", "skus")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_log(tmp_path_factory.mktemp("item-item"))


def export(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "export", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("encoder", "mode"), [("ease", "int8"), ("item-knn", "none"), ("markov", "none")]
)
def test_every_format_is_proven(folder, encoder, mode):
    run, models = f"runs/{encoder}", f"models-{encoder}"
    finished_run(folder, *DATA, "--encoder", encoder, "--run", run)
    done = export(
        folder, *("--format", "all", "--run", run, "--output", models, "--quantize", mode)
    )
    assert done.returncode == 0, done.stderr
    # One class, whose weights came from different places: one of them is verified.
    for name in ("seqrec", "seqrec-lite") if encoder == "ease" else ():
        verified = export(folder, "verify", f"{models}/{name}/1")
        assert verified.returncode == 0, verified.stderr


def test_an_export_of_a_refit_says_what_its_figures_are_of(folder):
    finished_run(folder, *SMALL, "--epochs", "2", "--refit", "--run", "runs/refit")
    flags = ("--format", "all", "--run", "runs/refit", "--output", "models-refit")
    done = export(folder, *flags, "--quantize", "dynamic", "--precision", "float16")
    assert done.returncode == 0, done.stderr
    said = "What is exported has been trained again, on all "
    for name in ("seqrec", "seqrec-lite"):
        version = folder / "models-refit" / name / "1"
        (card,) = version.rglob("README.md")
        assert said in card.read_text()
        (report,) = version.rglob("export_report.json")
        assert json.loads(report.read_text())["metrics"]["refit"]["interactions"] > 0
        assert name == "seqrec" or "which the model has learnt from" in card.read_text()
