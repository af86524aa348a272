"""How long everybody else waits, and how much memory goes, while the worst bodies are read.

    python tests/benchmarks/serving_worst_bodies.py --model_base_path models/seqrec

Sends bodies of the largest size that the server takes (numbers, strings, empty lists, nesting,
compressed ones, ones that inflate beyond the limit), each while `/livez` is asked every 5 ms on a
connection of its own. Prints a JSON line a body: the longest and the 99th percentile of `/livez` in
milliseconds, the seconds that the body took, its status, and the peak memory (RSS) that the server
and its helper processes took together, in megabytes above what they had before.
"""

import argparse
import contextlib
import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests

from serving.client.transports.connection import Connection, get_request

REPOSITORY = Path(__file__).parents[2]
ASKED_EVERY_SECONDS = 0.005
QUIET_SECONDS = 2


def bodies(size: int) -> dict[str, Callable[[], bytes]]:
    """Name -> a function that makes the body, of `size` bytes (inflated) or a little less."""

    def filled(start: bytes, part: bytes, end: bytes) -> bytes:
        return start + part * ((size - len(start) - len(end)) // len(part)) + end

    start = b'{"inputs": ['
    return {
        "nothing": lambda: b"{}",
        "numbers": lambda: filled(start, b"1,", b"1]}"),
        "long numbers": lambda: filled(start, b"-1.2345678e-10,", b"1]}"),
        "strings": lambda: filled(start, b'"",', b'""]}'),
        "one string": lambda: filled(b'{"inputs": ["', b"a", b'"]}'),
        "escapes": lambda: filled(b'{"inputs": ["', b"\\u00e9", b'"]}'),
        "lists": lambda: filled(start, b"[],", b"[]]}"),
        "objects": lambda: filled(start, b'{"a":1},', b"{}]}"),
        "brackets": lambda: filled(b'{"inputs": ', b"[", b""),
        "ignored": lambda: filled(b'{"x": [', b"1,", b'1], "inputs": [1]}'),
        "malformed at its end": lambda: filled(start, b"1,", b"x"),
        "compressed numbers": lambda: gzip.compress(filled(start, b"1,", b"1]}"), 1),
        "a bomb": lambda: gzip.compress(bytes(8 * size), 1),
        "too large": lambda: filled(start, b"1,", b"1]}") * 2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model_base_path", required=True)
    parser.add_argument("--max_body_bytes", type=int, default=32 << 20)
    parser.add_argument("--only", nargs="+", help="bodies to send")
    options = parser.parse_args()
    flags = [f"--model_base_path={Path(options.model_base_path).absolute()}"]
    flags += ["--model_name=m", "--rest_api_port=0", f"--max_body_bytes={options.max_body_bytes}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "serving", *flags], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().strip()
        for name, make in bodies(options.max_body_bytes).items():
            if not options.only or name in options.only:
                print(json.dumps({"body": name, **measure(url, server.pid, make())}), flush=True)
                time.sleep(QUIET_SECONDS)
    finally:
        server.terminate()
        server.wait()


def measure(url: str, process: int, body: bytes) -> dict:
    """Send one body, and ask `/livez` and the memory until it is answered."""
    headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    statuses = []

    def send() -> None:
        statuses.append(ask(f"{url}/v1/models/m:predict", body, headers))

    host, port = url.removeprefix("http://").split(":")
    connection, request = Connection((host, int(port)), 60.0), get_request(host, "/livez")
    connection.exchange(request)
    before = peak = memory(process)
    waits, thread = [], threading.Thread(target=send)
    started = time.monotonic()
    thread.start()
    while thread.is_alive():
        asked = time.monotonic()
        assert connection.exchange(request).body == b"ok"
        waits.append(time.monotonic() - asked)
        peak = max(peak, memory(process))
        time.sleep(ASKED_EVERY_SECONDS)
    waits.sort()
    return {
        "status": statuses[0],
        "seconds": round(time.monotonic() - started, 2),
        "livez_longest_ms": round(1000 * waits[-1], 1),
        "livez_p99_ms": round(1000 * waits[int(0.99 * len(waits))], 1),
        "megabytes": round((peak - before) / 1e6),
    }


def ask(url: str, body: bytes, headers: dict[str, str]) -> int | str:
    try:
        return requests.post(url, data=body, headers=headers, timeout=120).status_code
    except requests.ConnectionError:
        return "closed"


def memory(process: int) -> int:
    """Resident bytes of a process and those that it started."""
    children = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            children += listed.read_text().split()
    return sum(resident(number) for number in [process, *children])


def resident(process: int | str) -> int:
    try:
        return 4096 * int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    main()
