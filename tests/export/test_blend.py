"""A network with its companion ships as any other encoder does: trained, exported, proven."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.tiny_runs import SMALL, finished_run, write_log

from seqrec_tf.runs.directory import read_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run of one epoch, which any companion helps."""
    folder = write_log(tmp_path_factory.mktemp("blend"))
    finished_run(folder, *SMALL, "--blend", "--epochs", "1", "--run", "runs/blend")
    return folder


def export(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The real command, which proves what it publishes."""
    command = [sys.executable, "-m", "export", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_run_says_what_was_added(folder):
    run = read_run(folder / "runs/blend")
    assert run.metrics.blend["blended"] > run.metrics.blend["alone"]
    assert run.encoder.dim > run.config.encoder.dim
    assert "sasrec is blended with " in (folder / "runs/blend/README.md").read_text()


@pytest.mark.parametrize("quantize", ["none", "dynamic"])
def test_every_format_is_proven(folder, quantize):
    models = f"models-{quantize}"
    done = export(
        *(folder, "--format", "all", "--run", "runs/blend", "--output", models),
        *("--quantize", quantize),
    )
    assert done.returncode == 0, done.stderr
    for name in ("seqrec", "seqrec-lite"):
        verified = export(folder, "verify", f"{models}/{name}/1")
        assert verified.returncode == 0, verified.stderr
