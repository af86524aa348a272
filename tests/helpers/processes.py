"""Processes beside the tests: modules and scripts of this checkout, wherever they are started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 600


def environment(**more: str) -> dict[str, str]:
    """This process's own; the checkout can be imported in any folder, and TensorFlow is quiet."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"} | more


def run_python(*arguments, cwd: Path = REPOSITORY, **options) -> subprocess.CompletedProcess:
    """`python ...` to its end, with what it printed as text."""
    defaults = {"env": environment(), "timeout": SECONDS, "capture_output": True, "text": True}
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, **defaults | options)


def run_module(*arguments, **options) -> subprocess.CompletedProcess:
    """`python -m ...` to its end."""
    return run_python("-m", *arguments, **options)


def printed(code: str, *arguments, **options) -> str:
    """What a script prints, without white space around it; it must end well."""
    done = run_python("-c", code, *arguments, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
