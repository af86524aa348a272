"""Sending signals to commands at chosen moments, and looking at what they leave."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from helpers.processes import environment

SECONDS = 120


def start(words: list[str], folder: Path, log: Path) -> subprocess.Popen:
    """`python -m ...` in a session of its own; what it says on stderr goes to `log`."""
    with log.open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, words)],
            cwd=folder,
            env=environment(TMPDIR=str(log.parent)),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )


def minds_signals(process: subprocess.Popen) -> bool:
    """Whether the first line of a command has run: from then on it handles SIGTERM."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def imports_tensorflow(process: subprocess.Popen) -> bool:
    """Whether TensorFlow's libraries are in its memory."""
    return "libtensorflow" in Path(f"/proc/{process.pid}/maps").read_text()


def wait_for(happened, process: subprocess.Popen) -> None:
    """Look every few milliseconds; fails if the process ends before, or it takes too long."""
    end = time.monotonic() + SECONDS
    while not happened():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.005)


def send(process: subprocess.Popen, group: bool) -> None:
    """SIGINT, to all processes as a terminal sends it, or to the command alone."""
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)


def left_running(session: int, seconds: float = 5) -> bool:
    """Whether a process of the session still runs some seconds later."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(_runs_in(session, path) for path in Path("/proc").glob("[0-9]*/stat")):
            return False
        time.sleep(0.05)
    return True


def _runs_in(session: int, stat: Path) -> bool:
    try:
        state, _, _, of = stat.read_text().rpartition(") ")[2].split()[:4]
    except OSError:
        return False
    return int(of) == session and state != "Z"
