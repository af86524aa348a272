"""The server's screen while it starts: its own lines; what TensorFlow says is in a log."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, environment

NAMED = re.compile(
    r"loading TensorFlow; what it says itself is in (\S+) \(--verbose: here\)$", re.M
)
CODE = """
import os, sys
from serving.protocol.errors import InputError
from serving.quiet import quiet
with quiet({verbose}, print):
    os.write(2, b"from below\\n")
    {end}
print("on", file=sys.stderr)
"""


def serve(models: Path, folder: Path, *flags: str) -> str:
    """What a server that has started and is stopped says on stderr."""
    words = ["-m", "serving", f"--model_base_path={models}/plain", "--rest_api_port=0", *flags]
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=REPOSITORY,
        env=environment(TMPDIR=str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        url = server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        err = server.communicate(timeout=60)[1]
    assert url.startswith("http://"), err
    return err


def test_the_servers_screen_is_its_own_lines(models, tmp_path):
    err = serve(models, tmp_path)
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in err.splitlines()), err
    assert "absl::InitializeLog" in Path(NAMED.search(err)[1]).read_text()


def test_or_everything(models, tmp_path):
    err = serve(models, tmp_path, "--verbose")
    assert "absl::InitializeLog" in err and list(tmp_path.iterdir()) == []


def run(folder: Path, end: str, verbose: bool = False) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", CODE.format(verbose=verbose, end=end)],
        env=environment(TMPDIR=str(folder)),
        capture_output=True,
        text=True,
    )


def test_descriptor_2_is_given_back(tmp_path):
    done = run(tmp_path, "pass")
    assert done.stderr == "on\n"
    assert Path(NAMED.search(done.stdout)[1]).read_text() == "from below\n"


def test_it_may_stay_what_it_is(tmp_path):
    done = run(tmp_path, "pass", verbose=True)
    assert (done.stdout, done.stderr) == ("loading TensorFlow\n", "from below\non\n")


@pytest.mark.parametrize(
    ("end", "shown"),
    [("raise ImportError('libfoo.so')", True), ("raise InputError('mine')", False)],
)
def test_an_error_that_nobody_expected_shows_what_was_said(end, shown, tmp_path):
    err = run(tmp_path, end).stderr
    assert ("before the error was said:\nfrom below\n" in err) == shown
    assert err.splitlines()[-1].endswith(end[6:-1].split("(")[1].strip("'"))


def test_a_process_that_breaks_off_leaves_its_log(tmp_path):
    assert run(tmp_path, "sys.stdout.flush(); os.abort()").returncode == -signal.SIGABRT
    (log,) = tmp_path.iterdir()
    assert log.read_text() == "from below\n"
