"""`python -m seqrec_tf.quickstart`: the whole road on the demo, offline.

Each stage is the command a person would type, in a process of its own; the stages share nothing
but the files they leave in `runs/` and `models/`, and one log.
"""

import csv
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from seqrec_tf.command import Parser, add_verbose, run_command
from seqrec_tf.errors import InputError
from seqrec_tf.processes import how_it_ended, running
from seqrec_tf.screen import shared_log

HISTORY = ("1193", "661", "914")
EPILOG = """Leaves the run in runs/ and the model in models/seqrec and models/seqrec-lite, so that
`python -m serving` and `python -m serving.client 1193 661 914` go on from there.
"""
AFTERWARDS = """
Left in {run} and {models}. To serve it again and ask from another terminal:

  python -m serving
  python -m serving.client 1193 661 914"""


def main() -> None:
    """Read the flags and run every stage."""
    parser = Parser(
        prog="python -m seqrec_tf.quickstart",
        description="Train on the demo, export it, serve it and ask it for recommendations.",
        epilog=EPILOG,
    )
    parser.add_argument("--epochs", help="fewer epochs, for a faster and weaker model")
    add_verbose(parser)
    arguments = parser.parse_args()
    run_command(lambda: quickstart(arguments.epochs, arguments.verbose), arguments.verbose)


def quickstart(epochs: str | None = None, verbose: bool = False) -> None:
    """Run every stage; prints the history and its recommendations.

    Args:
        epochs: of the training; None for the recipe's.
        verbose: whether the stages show what TensorFlow says about itself.

    Raises:
        InputError: a stage failed; it has said why.
    """
    more = ["--verbose"] if verbose else []
    with shared_log(verbose):
        training = ["--epochs", epochs] if epochs else []
        run = Path(_stage("1/4 train", "seqrec_tf.train", *training, *more)[-1])
        exported = ["--format", "all", "--run", str(run)]
        published = _stage("2/4 export and prove", "export", *exported, *more)
        model = Path(published[-1]).parent
        with _server("3/4 serve", model, *more) as url:
            asked = [*HISTORY, "--url", url, "--model", model.name]
            answer = _stage("4/4 ask", "serving.client", *asked)
    titles = _titles(run)
    print("\nThis viewer watched\n")
    for raw in HISTORY:
        print(f"  {raw:>6}  {titles[raw]}")
    print("\nand would be recommended, over TensorFlow Serving's REST protocol,\n")
    print("\n".join(answer))
    print(AFTERWARDS.format(run=run, models=model.parent), file=sys.stderr)


def _stage(name: str, module: str, *arguments: str) -> list[str]:
    """Run `python -m module`; its log goes on to stderr, its stdout comes back as lines."""
    with _started(name, module, *arguments) as process:
        lines = process.communicate()[0].splitlines()
    if process.returncode:
        raise InputError(f"python -m {module} {how_it_ended(process.returncode)}.")
    return lines


@contextmanager
def _server(name: str, model: Path, *arguments: str) -> Iterator[str]:
    """The embedded server on a free port; yields its URL and stops it."""
    flags = ["--rest_api_port=0", f"--model_name={model.name}", f"--model_base_path={model}"]
    with _started(name, "serving", *flags, *arguments) as server:
        url = (server.stdout.readline() if server.stdout else "").strip()
        if not url:
            raise InputError(f"python -m serving {how_it_ended(server.wait())}.")
        yield url


@contextmanager
def _started(name: str, module: str, *arguments: str) -> Iterator[Popen[str]]:
    print(f"\n{name}\n$ python -m {shlex.join([module, *arguments])}", file=sys.stderr)
    with running([sys.executable, "-m", module, *arguments], stdout=PIPE) as process:
        yield process


def _titles(run: Path) -> dict[str, str]:
    """Raw id -> title, from the run's `items.csv`."""
    with open(run / "items.csv", newline="", encoding="utf-8") as file:
        return {row["movie_id"]: row["title"] for row in csv.DictReader(file)}
