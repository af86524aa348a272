"""The whole road on the demo, offline: train, export, serve, ask, stop.

    python -m seqrec_tf.quickstart

Each stage is the command a person would type, in a process of its own; the stages share nothing
but the files they leave in `runs/` and `models/`.
"""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqrec_tf.errors import InputError, run_command
from seqrec_tf.options import Parser

HISTORY = ("1193", "661", "914")
EPILOG = """Leaves the run in runs/ and the model in models/seqrec and models/seqrec-lite, so that
`python -m serving` and `python -m serving.client 1193 661 914` go on from there.
"""


def main() -> None:
    """Entry point of `python -m seqrec_tf.quickstart` and `seqrec-quickstart`."""
    parser = Parser(
        prog="python -m seqrec_tf.quickstart",
        description="Train on the demo, export it, serve it and ask it for recommendations.",
        epilog=EPILOG,
    )
    parser.add_argument("--epochs", help="fewer epochs, for a faster and weaker model")
    arguments = parser.parse_args()
    run_command(lambda: quickstart(arguments.epochs))


def quickstart(epochs: str | None = None) -> None:
    """Run every stage; prints the history and its recommendations.

    Raises:
        InputError: a stage failed; it has said why.
    """
    run = Path(_stage("seqrec_tf.train", *(["--epochs", epochs] if epochs else []))[-1])
    published = _stage("export", "--format", "all", "--run", str(run))
    model = Path(published[-1]).parent
    with _server(model) as url:
        answer = _stage("serving.client", *HISTORY, "--url", url, "--model", model.name)
    titles = _titles(run)
    print("\nThis viewer watched\n")
    for raw in HISTORY:
        print(f"  {raw:>6}  {titles[raw]}")
    print("\nand would be recommended, over TensorFlow Serving's REST protocol,\n")
    print("\n".join(answer))


def _stage(module: str, *arguments: str) -> list[str]:
    """Run `python -m module`; its log goes on to stderr, its stdout comes back as lines."""
    command = [sys.executable, "-m", module, *arguments]
    print(f"$ python -m {' '.join([module, *arguments])}", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise InputError(f"python -m {module} failed with exit code {done.returncode}.")
    return done.stdout.splitlines()


@contextmanager
def _server(model: Path) -> Iterator[str]:
    """The embedded server on a free port; yields its URL and stops it."""
    command = [
        *(sys.executable, "-m", "serving", "--rest_api_port=0"),
        *(f"--model_name={model.name}", f"--model_base_path={os.path.abspath(model)}"),
    ]
    print(f"$ python {' '.join(command[1:])}", file=sys.stderr)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            if not url:
                raise InputError("python -m serving did not start.")
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def _titles(run: Path) -> dict[str, str]:
    """Raw id -> title, from the run's `items.csv`."""
    with open(run / "items.csv", newline="", encoding="utf-8") as file:
        return {row["movie_id"]: row["title"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    main()
