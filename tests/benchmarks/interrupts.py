"""Thousands of Ctrl-C at random moments, while every core is busy with something else.

    python tests/benchmarks/interrupts.py --tries 2000

Each try starts a command, sends SIGINT (to the whole process group, as a terminal does, or to the
process alone) at a random moment after its first line of Python, and expects what README says: exit
code 130, one line on stderr, no process left. Prints what happened, as JSON. Python itself prints a
traceback for a signal that comes before any line of the command has run; these are counted apart.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.scripted_server import scripted_server

REPOSITORY = Path(__file__).parents[2]
SECONDS = 20
LINES = ("error: interrupted", "error: interrupted; nothing is reported")
INT64 = {"dtype": "DT_INT64", "tensor_shape": {"dim": []}}
SIGNATURES = {
    "serving_default": {"inputs": {"item_ids": INT64}, "outputs": {}},
    "ragged": {"inputs": {"item_ids": INT64, "row_splits": INT64}, "outputs": {}},
}
METADATA = {"metadata": {"signature_def": {"signature_def": SIGNATURES}}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--together", type=int, default=4, help="commands at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=2.5, help="seconds until the signal")
    options = parser.parse_args()
    # A script in the background is started with Ctrl-C ignored, and so would be what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    body = json.dumps(METADATA).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
        len(body)
    )
    draw = random.Random(options.seed)
    moments = [
        (draw.uniform(0, options.longest), draw.random() < 0.5) for _ in range(options.tries)
    ]
    start = time.monotonic()
    with (
        scripted_server(lambda _: answer + body) as (_, port),
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.together) as pool,
    ):
        logs = [Path(folder) / str(number) for number in range(options.tries)]
        tries = pool.map(lambda moment, log: interrupted(port, *moment, log), moments, logs)
        outcomes = Counter(tries)
    print(json.dumps({"seconds": round(time.monotonic() - start), **outcomes}, indent=2))


def interrupted(port: int, wait: float, group: bool, log: Path) -> str:
    """What became of one load generator."""
    command = [sys.executable, "-m", "serving.load", f"--url=http://127.0.0.1:{port}"]
    flags = ["--ids", "1", "--processes=2", "--concurrency=2", "--seconds=30"]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [*command, *flags], cwd=REPOSITORY, stderr=stderr, start_new_session=True
        )
    time.sleep(wait)
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"lost: no exit, sent after {wait:.3f} s"
    text = log.read_text()
    left = workers_left(process.pid)
    if left:
        os.killpg(process.pid, signal.SIGKILL)
        return "a worker was left"
    if code == 130 and text.rstrip("\n") in LINES:
        return "as promised"
    if "serving/load" not in text and "KeyboardInterrupt" in text or code == -signal.SIGINT:
        return "before the first line of the command"
    return f"exit code {code}: {text[-300:]}"


def workers_left(session: int) -> bool:
    """Whether a process of the session still runs some seconds later."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not any(runs_in(session, path) for path in Path("/proc").glob("[0-9]*/stat")):
            return False
        time.sleep(0.05)
    return True


def runs_in(session: int, stat: Path) -> bool:
    try:
        state, _, _, of = stat.read_text().rpartition(") ")[2].split()[:4]
    except OSError:
        return False
    return int(of) == session and state != "Z"


if __name__ == "__main__":
    main()
