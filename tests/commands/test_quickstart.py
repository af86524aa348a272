"""What a newcomer sees: stages, progress and results, and nothing of TensorFlow's own."""

import re
import subprocess
from pathlib import Path

import pytest
from helpers.processes import environment, run_module

# What TensorFlow's C++ and Python, Keras, absl and LiteRT say about themselves.
NOISE = re.compile(
    r"absl::|oneDNN|cudart|cuInit|XNNPACK|WARNING:|INFO:|\w+Warning:|"
    r"^[IWEF]\d{4} |^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] ",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("quickstart")


def talkative(folder: Path) -> dict[str, str]:
    """TensorFlow's messages, one of them on every processor: oneDNN is not everywhere a default."""
    return environment(TMPDIR=str(folder), TF_CPP_MIN_LOG_LEVEL="0", TF_ENABLE_ONEDNN_OPTS="1")


@pytest.fixture(scope="module")
def done(folder) -> subprocess.CompletedProcess:
    """The real command, with TensorFlow as talkative as it comes."""
    temporary = folder / "tmp"
    temporary.mkdir()
    return run_module("seqrec_tf.quickstart", "--epochs", "1", cwd=folder, env=talkative(temporary))


def test_it_shows_stages_and_results(done):
    assert done.returncode == 0, done.stderr
    assert "\n1/4 train\n$ python -m seqrec_tf.train --epochs 1\n" in done.stderr
    assert "\n2/4 export and prove\n$ python -m export --format all --run " in done.stderr
    assert "\nbuilding the SavedModel\nproving, " in done.stderr
    assert "\n3/4 serve\n$ python -m serving " in done.stderr
    assert "\n4/4 ask\n$ python -m serving.client 1193 661 914 " in done.stderr
    assert "This viewer watched\n\n    1193  " in done.stdout
    assert re.search(r"^rank +id +score +title$", done.stdout, re.MULTILINE)


def test_it_shows_nothing_else(done):
    assert NOISE.search(done.stdout + done.stderr) is None
    assert max(map(len, done.stderr.splitlines()[1:])) <= 110  # but for the path of the log


def test_what_else_was_said_is_in_one_log_that_is_named(done, folder):
    first = done.stderr.splitlines()[0]
    (log,) = (folder / "tmp").glob("*.log")  # Python may leave a `__pycache__` there
    assert str(log) in first and "--verbose" in first
    said = log.read_text()
    assert said.count("oneDNN custom operations are on") >= 3  # training, export, server


def test_verbose_shows_everything(done, folder):
    shown = run_module("seqrec_tf.evaluate", "--verbose", cwd=folder, env=talkative(folder))
    assert shown.returncode == 0 and NOISE.search(shown.stderr)
    assert not list(folder.glob("*.log"))
