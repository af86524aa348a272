"""Server processes for the benchmarks: started, waited for, measured, stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: its base URL.
        pid: its process.
        ready_seconds: from the start of the process to the first answer to a status request.
    """

    url: str
    pid: int
    ready_seconds: float

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def resident_bytes(self) -> int:
        """Memory of the process that is in RAM."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return 1024 * int(line.split()[1])


@contextlib.contextmanager
def embedded_server(base_path: Path, *flags: str) -> Iterator[Server]:
    """`python -m serving` of a model called seqrec."""
    command = ["-m", "serving", "--rest_api_port=0", f"--model_base_path={base_path}", *flags]
    with running(command, "/v1/models/seqrec") as server:
        yield server


@contextlib.contextmanager
def running(command: list[str], path: str, url: str = "", **environment: str) -> Iterator[Server]:
    """A Python process that serves.

    Args:
        command: arguments of Python.
        path: what is asked to see whether it answers; status 200 or 404 will do.
        url: where it listens; read from its stdout if not given.
        environment: further variables.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"}
        | environment,
    )
    try:
        url = url or process.stdout.readline().strip()
        wait_until_answering(url + path, process)
        yield Server(url, process.pid, round(time.perf_counter() - started, 2))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until_answering(url: str, process: subprocess.Popen) -> None:
    """Ask until there is an answer."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(url, timeout=10)
            return
        time.sleep(0.02)
    raise SystemExit(f"no server at {url}: exit code {process.poll()}")
