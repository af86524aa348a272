"""Thousands of Ctrl-C at random moments, while every core is busy with something else.

    python tests/benchmarks/interrupts.py --tries 2000
    python tests/benchmarks/interrupts.py --tries 200 --longest 20 --commands train export batch

Each try starts a command, sends SIGINT (to the whole process group, as a terminal does, or to the
process alone) at a random moment after its first line of Python, and expects what README says: exit
code 130, one line on stderr, no process left, and nothing half-written. Prints what happened, as
JSON. Python itself prints a traceback for a signal that comes before any line of the command has
run; these are counted apart. A training may also end in good order, with its best epoch.
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
from helpers.interrupting import left_running, send, start
from helpers.processes import run_module
from helpers.scripted_server import scripted_server

SECONDS = 60
LINES = ("error: interrupted", "error: interrupted; nothing is reported")
INT64 = {"dtype": "DT_INT64", "tensor_shape": {"dim": []}}
SIGNATURES = {
    "serving_default": {"inputs": {"item_ids": INT64}, "outputs": {}},
    "ragged": {"inputs": {"item_ids": INT64, "row_splits": INT64}, "outputs": {}},
}
METADATA = {"metadata": {"signature_def": {"signature_def": SIGNATURES}}}
LOAD = "--ids 1 --processes=2 --concurrency=2 --seconds=30"
# What is written lies in {new}, which is another folder for each try.
COMMANDS = {
    "load": f"serving.load --url=http://127.0.0.1:{{port}} {LOAD}",
    "train": "seqrec_tf.train --dim 8 --layers 1 --heads 1 --window 10 --run {new}/runs/new",
    "evaluate": "seqrec_tf.evaluate {made}/runs/done",
    "export": "export --format all --run {made}/runs/done --output {new}/models",
    "verify": "export verify {made}/models/seqrec/1",
    "batch": "export.batch --histories {made}/log.csv --model {made}/models/seqrec/1 "
    "--output {new}/all.parquet",
    "quickstart": "seqrec_tf.quickstart --epochs 1",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--together", type=int, default=4, help="commands at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=2.5, help="seconds until the signal")
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=["load"])
    options = parser.parse_args()
    # A script in the background is started with Ctrl-C ignored, and so would be what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    body = json.dumps(METADATA).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
        len(body)
    )
    draw = random.Random(options.seed)
    with (
        scripted_server(lambda _: answer + body) as (_, port),
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(options.together) as pool,
    ):
        made = Path(folder, "made")
        if options.commands != ["load"]:
            prepare(made)
        started = time.monotonic()
        tries = []
        for number in range(options.tries):
            name = options.commands[number % len(options.commands)]
            new = Path(folder, str(number))
            words = COMMANDS[name].format(port=port, made=made, new=new).split()
            moment = draw.uniform(0, options.longest), draw.random() < 0.5
            tries.append((name, pool.submit(interrupted, words, *moment, new)))
        outcomes = Counter(f"{name}: {each.result()}" for name, each in tries)
    print(json.dumps({"seconds": round(time.monotonic() - started), **outcomes}, indent=2))


def prepare(made: Path) -> None:
    """A run, an export and a log, for commands that read them."""
    made.mkdir()
    for words in ("seqrec_tf.train --epochs 1 --run runs/done", "export --run runs/done"):
        run_module(*words.split(), cwd=made, check=True)
    rows = (f"{user},{item},{at}" for user in range(50) for at, item in enumerate((1193, 661, 914)))
    (made / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")


def interrupted(words: list[str], wait: float, group: bool, new: Path) -> str:
    """What became of one command, which works in a folder of its own."""
    (new / "tmp").mkdir(parents=True)
    log = new / "tmp/stderr"
    process = start(words, new, log)
    time.sleep(wait)
    if process.poll() is not None:
        return "was done before"
    send(process, group)
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"lost: no exit, sent after {wait:.3f} s"
    text = log.read_text()
    if left_running(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
        return "a process was left"
    if code == 0:
        return "ended in good order"
    if code == -signal.SIGINT or code != 130 and "KeyboardInterrupt" in text:
        return "before the first line of the command"
    left = sorted(str(path.relative_to(new)) for path in new.rglob("*") if half_written(path, new))
    if code == 130 and text.splitlines()[-1] in LINES and text.count("interrupted") == 1:
        return f"left {left}" if left else "as promised"
    return f"exit code {code}: {text[-300:]}"


def half_written(path: Path, new: Path) -> bool:
    """Not the screen and its log, parts to go on from, and of a quickstart what stages finished."""
    first, *others = path.relative_to(new).parts
    if first == "tmp":
        return path.is_dir() and bool(others)
    if first.endswith(".parts"):
        return False
    if first in ("runs", "models"):
        return any(part.startswith(".") for part in others) or (
            path.name == "config.json" and not (path.parent / "checkpoint/state.json").exists()
        )
    return True


if __name__ == "__main__":
    main()
