"""What a load test is told: its options, and the flags that say the same."""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.command import CommandParser, positive
from serving.load.bodies import SIGNATURES

REPORT, PICTURE = "load.json", "load.png"

EPILOG = """\
examples:
  what it can do: 8 connections, each asking again when it has its answer
    python -m serving.load --seconds 30 --concurrency 8

  how long users wait at 200 requests a second, of real histories, with a picture
    python -m serving.load --rate 200 --histories histories.jsonl --output load/

  histories.jsonl has a JSON list of ids a line, a .csv the columns user and item; without a file
  histories of --length ids are drawn from --ids, or from what the model recommends to a newcomer.

Prints a report as JSON. latency_ms is corrected for coordinated omission: with --rate it counts
from when a request was due; in closed loop, requests that were held back by slow answers are added.
uncorrected_latency_ms counts from the sending. Only a failed start is exit code 2: errors of the
server are in the report, by kind.
"""


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """A load test of a model server.

    Attributes:
        url: the server, `http://HOST:PORT`.
        model: the model's name.
        signature: one of `serving.load.bodies.SIGNATURES`.
        seconds: how long requests are sent.
        concurrency: connections.
        rate: requests a second, whenever the answers come; None to ask again after each answer.
        timeout: seconds that an answer may take.
        histories: file of histories to ask for.
        ids: draw histories from these ids; None for those that the model recommends to a newcomer.
        length: ids of a drawn history.
        processes: of the generator; None for half the CPUs.
        output: folder for the report and its picture; None for neither.
        force: whether these files are replaced.
        allow_remote: whether the server may be on another machine.
    """

    url: str = "http://localhost:8501"
    model: str = "seqrec"
    signature: str = SIGNATURES[0]
    seconds: float = 30.0
    concurrency: int = 8
    rate: float | None = None
    timeout: float = 30.0
    histories: Path | None = None
    ids: Sequence[str] | None = None
    length: int = 50
    processes: int | None = None
    output: Path | None = None
    force: bool = False
    allow_remote: bool = False


def read_options() -> LoadOptions:
    """The flags of this process; complaints end it with exit code 2."""
    parser = CommandParser(
        prog="python -m serving.load",
        description="Send predict requests to a model server over REST and measure its answers.",
        epilog=EPILOG,
    )
    parser.add_argument("--url", default=LoadOptions.url, help="server (%(default)s)")
    parser.add_argument("--model", default=LoadOptions.model, help="model's name (%(default)s)")
    parser.add_argument("--signature", choices=SIGNATURES, default=LoadOptions.signature)
    parser.add_argument(
        "--seconds", type=_above_zero, default=LoadOptions.seconds, help="(%(default)g)"
    )
    parser.add_argument(
        "--concurrency",
        type=positive,
        default=LoadOptions.concurrency,
        metavar="N",
        help="connections (%(default)s)",
    )
    parser.add_argument(
        "--rate", type=_above_zero, metavar="R", help="requests a second: open loop, not closed"
    )
    parser.add_argument(
        "--timeout", type=_above_zero, default=LoadOptions.timeout, help="seconds (%(default)g)"
    )
    parser.add_argument("--histories", type=Path, metavar="FILE", help="histories to ask for")
    parser.add_argument("--ids", nargs="+", metavar="ID", help="draw histories from these ids")
    parser.add_argument(
        "--length",
        type=positive,
        default=LoadOptions.length,
        help="ids of a drawn history (%(default)s)",
    )
    parser.add_argument(
        "--processes", type=positive, metavar="N", help="of the generator (default: half the CPUs)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help=f"folder for {REPORT} and {PICTURE}"
    )
    parser.add_argument("--force", action="store_true", help="replace these files")
    parser.add_argument(
        "--allow-remote", action="store_true", help="load a server on another machine"
    )
    return LoadOptions(**vars(parser.parse_args()))


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"expected a number above 0. Received: {text!r}")
    return number
