"""A command's screen shows what is meant for people; the rest is in a log, and no error is lost."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY

PRELUDE = """
import logging, os, sys, warnings
from seqrec_tf.command import run_command
from seqrec_tf.errors import InputError
from seqrec_tf.screen import loading_tensorflow, overheard, shared_log, stage

def noise():
    os.write(2, b"from below\\n")
    warnings.warn("a warning")
    logging.getLogger("tensorflow").warning("a log line")
"""


def run(code: str, folder: Path, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """A command whose temporary files lie in a folder."""
    script = f"{PRELUDE}\ndef command():\n" + "".join(f"    {line}\n" for line in code.split("\n"))
    return subprocess.run(
        [sys.executable, "-c", f"{script}\nrun_command(command, sys.argv[1:] != [])", *arguments],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def said_log(err: str) -> str:
    """The content of the log that the screen names."""
    (path,) = re.findall(
        r"^loading TensorFlow; what it says itself is in (\S+) ", err, re.MULTILINE
    )
    return Path(path).read_text()


NOISY = """
stage("one")
loading_tensorflow()
noise()
loading_tensorflow()
stage("two")
overheard("from a process\\n")
print("warning: mine", file=sys.stderr)
print("result")
"""


def test_the_screen_shows_stages_warnings_and_results(tmp_path):
    done = run(NOISY, tmp_path)
    assert (done.returncode, done.stdout) == (0, "result\n")
    one, loading, *others = done.stderr.splitlines()
    assert (one, others) == ("one", ["two", "warning: mine"])
    assert loading.startswith("loading TensorFlow; ")
    log = said_log(done.stderr)
    assert log.startswith("from below\n") and log.endswith("a log line\nfrom a process\n")
    assert "UserWarning: a warning" in log


def test_or_everything(tmp_path):
    done = run(NOISY, tmp_path, arguments=["--verbose"])
    assert (done.returncode, done.stdout) == (0, "result\n")
    assert done.stderr.startswith("one\nloading TensorFlow\nfrom below\n")
    assert "a warning" in done.stderr and "a log line\ntwo\nfrom a process\n" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_log_of_nothing_goes(tmp_path):
    done = run("loading_tensorflow()\nstage('one')", tmp_path)
    assert done.returncode == 0 and list(tmp_path.iterdir()) == []


def test_bad_input_is_the_last_line(tmp_path):
    done = run("loading_tensorflow()\nnoise()\nraise InputError('--k: no')", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[1:] == ["error: --k: no"]


def test_an_error_that_nobody_expected_shows_what_was_said_before(tmp_path):
    done = run("loading_tensorflow()\nnoise()\nraise RuntimeError('a bug')", tmp_path)
    assert done.returncode == 1
    assert "\nbefore the error was said:\nfrom below\n" in done.stderr
    assert done.stderr.endswith("RuntimeError: a bug\n")


def test_a_process_that_breaks_off_has_named_its_log(tmp_path):
    done = run("loading_tensorflow()\nos.write(2, b'check failed: mine\\n')\nos.abort()", tmp_path)
    assert done.returncode < 0
    assert said_log(done.stderr) == "check failed: mine\n"


def test_processes_share_a_log_that_is_named_once(tmp_path):
    child = f"{PRELUDE}\nrun_command(lambda: (loading_tensorflow(), noise(), stage('child')))"
    code = f"""
import subprocess
with shared_log(False):
    for _ in range(2):
        subprocess.run([sys.executable, "-c", {child!r}], check=True)
"""
    done = run(code, tmp_path)
    first, *others = done.stderr.splitlines()
    assert others == ["loading TensorFlow", "child"] * 2
    (log,) = tmp_path.iterdir()
    assert str(log) in first and log.read_text().count("from below") == 2


def test_a_terminal_stays_one(tmp_path):
    """A progress bar asks whether `sys.stderr` is one."""
    body = "loading_tensorflow(), noise(), print(sys.stderr.isatty())"
    code = f"{PRELUDE}\nrun_command(lambda: ({body}))"
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    os.close(ours)
    assert done.stdout == b"True\n"


@pytest.mark.parametrize("broken", ["raise ImportError('libfoo.so: no such file')", "os.abort()"])
def test_a_tensorflow_that_cannot_be_loaded_is_seen(broken, tmp_path):
    """The real command, and what stands for a broken installation."""
    (tmp_path / "tensorflow.py").write_text(f"import os\nos.write(2, b'from below\\n')\n{broken}\n")
    done = subprocess.run(
        [sys.executable, "-m", "seqrec_tf.train", "--epochs", "1"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{REPOSITORY}", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode not in (0, 2)
    assert "from below\n" in said_log(done.stderr)
    if done.returncode == 1:
        assert "before the error was said:\nfrom below\n" in done.stderr
        assert "ImportError: libfoo.so: no such file" in done.stderr
    assert not (tmp_path / "runs").exists()
