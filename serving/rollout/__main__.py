"""Roll out a new version safely: check its answers first, then move a label to it.

    python -m serving.rollout --config models.config --model seqrec --canary 2

Labels live in the server's `--model_config_file`, which it must poll. Clients that ask
`/v1/models/NAME/labels/stable` are not touched by a canary.
"""

import json
import logging
import sys
from argparse import ArgumentTypeError
from pathlib import Path

from serving.command import CommandParser, run_command
from serving.interrupts import end_at_once, unwinding
from serving.rollout.options import RolloutOptions

EPILOG = """\
examples:
  serve version 2 beside the one that is stable, ask its golden requests, label it canary:
    python -m serving.rollout --config models.config --model seqrec --canary 2

  ask them again and make it the stable one; the one before is labelled previous:
    python -m serving.rollout --config models.config --model seqrec --promote

  back to the previous one, at once:
    python -m serving.rollout --config models.config --model seqrec --rollback

  give a canary up, where version 1 is stable:
    python -m serving.rollout --config models.config --model seqrec --canary 1

  a server in a container, whose paths are not this machine's, fed by kubectl:
    python -m serving.rollout --config deploy/config/models.config --models models \\
        --model seqrec --canary 2 --apply "sh -c 'kubectl apply -k deploy && sleep 120'"

The server needs --model_config_file_poll_wait_seconds, and to start again with labels in its file
--allow_version_labels_for_unavailable_models; `python -m serving.deploy` sets both. Requests
without a label are answered by the highest version that is served, canary or not.

Prints the labels as JSON. Exit code 1: a check refused, and the file is as it was; 2: bad input.
"""


def main() -> None:
    """Read the flags and roll out."""
    end_at_once()
    flags = vars(_parser().parse_args())
    canary, promote, rollback = (flags.pop(step) for step in ("canary", "promote", "rollback"))
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)

    def command() -> None:
        from serving.rollout.labels import Refused
        from serving.rollout.opening import open_rollout

        rollout = open_rollout(RolloutOptions(**flags))
        try:
            # A signal puts the file back.
            with unwinding():
                if promote:
                    rollout.promote()
                elif rollback:
                    rollout.roll_back()
                else:
                    rollout.start_canary(canary)
        except Refused as error:
            print(f"refused: {' '.join(str(error).split())}", file=sys.stderr)
            sys.exit(1)
        labels = {"versions": rollout.file.versions, "labels": rollout.file.labels}
        print(json.dumps({"model": flags["model"], **labels}))

    run_command(command)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="python -m serving.rollout",
        description="Roll out a version of a model: check its answers, then move a label.",
        epilog=EPILOG,
    )
    flag = parser.add_argument
    flag("--config", type=Path, required=True, help="the server's --model_config_file")
    flag("--url", default=RolloutOptions.url, help="the server (%(default)s)")
    flag("--model", default=RolloutOptions.model, help="the model's name (%(default)s)")
    flag(
        "--models",
        type=Path,
        help="folder of models on this machine, if the paths in the file are the server's",
    )
    step = parser.add_mutually_exclusive_group(required=True)
    step.add_argument("--canary", type=_version, metavar="VERSION", help="label a version canary")
    step.add_argument("--promote", action="store_true", help="make the canary stable")
    step.add_argument("--rollback", action="store_true", help="make the previous one stable")
    flag(
        "--unchecked",
        action="store_true",
        help="go on with a version that has no golden requests",
    )
    flag(
        "--timeout",
        type=_seconds,
        default=RolloutOptions.timeout,
        help="seconds to wait (default 120)",
    )
    flag("--apply", metavar="COMMAND", help="command that brings the written file to the server")
    return parser


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ArgumentTypeError(f"expected a number from 1. Received: {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"expected a number of seconds. Received: {text!r}")
    return float(text)


if __name__ == "__main__":
    main()
