"""Training speed against a reference recipe: both programs in turn, A B A B, in one go.

    python tests/benchmarks/speed_against_reference.py sasrec
    python tests/benchmarks/speed_against_reference.py gru4rec

Same loss, width, layers, batch and window (the recipe keras-io-<encoder>), MovieLens-1M. Every
program runs a few epochs, of which the first, which compiles, is left out; validation is cut down
to one user. Prints a JSON line a run, then medians: wall-clock and CPU seconds (user + system) an
epoch, real interactions a second, and the ratios. `--flag` adds flags to this project's command.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run both programs in turn and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoder", choices=("sasrec", "gru4rec"))
    parser.add_argument("--epochs", type=int, default=3, help="of each run, the first included")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--reference", type=Path, default=SHARED / "reference")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "ml-1m")
    parser.add_argument("--flag", action="append", default=[], help="--flag=--batch-size=64")
    arguments = parser.parse_args()
    programs = {"reference": reference, "seqrec-tf": project}
    epochs = {name: [] for name in programs}
    for _ in range(arguments.rounds):
        for name, program in programs.items():
            measured = list(program(arguments))
            epochs[name] += measured
            print(json.dumps({"program": name, "epochs": measured}), flush=True)
    medians = {name: median(rows) for name, rows in epochs.items()}
    print(json.dumps(medians))
    a, b = medians["reference"], medians["seqrec-tf"]
    print(
        json.dumps({f"{unit} ratio": round(a[unit] / b[unit], 2) for unit in ("wall_s", "cpu_s")})
    )


def median(rows: list[dict]) -> dict:
    """The median of each column, and real interactions a second."""
    middle = {name: round(statistics.median(row[name] for row in rows), 2) for name in rows[0]}
    return {**middle, "interactions_per_second": round(middle["targets"] / middle["wall_s"])}


def reference(arguments: argparse.Namespace) -> Iterator[dict]:
    """The reference program's epochs; it prints a JSON line after each."""
    program = arguments.reference / f"keras_io_{arguments.encoder}.py"
    data = str(arguments.data / "ml-1m.txt")
    command = [str(program), "--data", data, "--epochs", str(arguments.epochs)]
    for line, times in epochs_of(command, re.compile(r'"epoch"')):
        row = json.loads(line)
        targets = round(row["interactions_per_second"] * row["seconds"], -1)
        yield {**times, "targets": targets}


def project(arguments: argparse.Namespace) -> Iterator[dict]:
    """This project's epochs; it prints a line after each, and the targets of all before."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("-m", "seqrec_tf.train", "--dataset", "ml-1m", "--data-dir", str(arguments.data)),
            *("--recipe", f"keras-io-{arguments.encoder}", "--epochs", str(arguments.epochs)),
            *("--validation-users", "1", "--run", f"{folder}/run", *arguments.flag),
        ]
        targets = re.compile(r"(\d+) targets an epoch")
        for line, times in epochs_of(command, re.compile(r"- loss: "), note=targets):
            yield {**times, "targets": int(line)}


def epochs_of(command: list[str], mark: re.Pattern, note: re.Pattern | None = None):
    """(line, wall and CPU seconds) of every epoch but the first, at the lines with `mark`.

    With `note`, its group in the last line that has it stands for the line.
    """
    process = subprocess.Popen(
        [sys.executable, "-u", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    before, noted = None, None
    for line in process.stdout:
        if note and (found := note.search(line)):
            noted = found[1]
        if not mark.search(line):
            continue
        now = time.perf_counter(), cpu_seconds(process.pid)
        if before:
            wall, cpu = (round(b - a, 2) for a, b in zip(before, now, strict=True))
            yield noted or line, {"wall_s": wall, "cpu_s": cpu}
        before = now
    if process.wait():
        raise SystemExit(f"{command[:2]} failed with exit code {process.returncode}")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
