"""Generate the files that TensorFlow Serving is deployed with, for a folder of models.

    python -m serving.deploy --models models --output deploy

Server and batching configuration, Docker Compose with Prometheus, Grafana and an nginx front, and
Kubernetes manifests. The `README.md` among them says how to start each.
"""

import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from serving.command import CommandParser, run_command
from serving.deploy.options import DeployOptions
from serving.interrupts import end_at_once

EPILOG = """\
examples:
  files for the newest version of every model below models/:
    python -m serving.deploy --models models --output deploy
    cat deploy/README.md

  two CPUs and at least three pods, asked as recommender.example.com:
    python -m serving.deploy --models models --output deploy --cpus 2 --replicas 3 \\
        --host recommender.example.com

  again, after a new model was exported; versions and labels rolled out before stay:
    python -m serving.deploy --models models --output deploy --force

The folder's path is printed on stdout. Folders of LiteRT files (NAME-lite) are left out.
"""


def main() -> None:
    """Read the flags and write the files."""
    # Before the imports, which take a while.
    end_at_once()
    flags = vars(_parser().parse_args())
    models, output, force = (flags.pop(name) for name in ("models", "output", "force"))
    from serving.deploy.command import deploy
    from serving.deploy.generate import MODELS_CONFIG

    def command() -> None:
        kept = deploy(models, output, DeployOptions(**flags), force)
        if kept:
            print(f"kept from {output / MODELS_CONFIG}: {', '.join(kept)}", file=sys.stderr)
        print(output)

    run_command(command)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="python -m serving.deploy",
        description="Generate the files that TensorFlow Serving is deployed with.",
        epilog=EPILOG,
    )
    flag = parser.add_argument
    flag("--models", type=Path, default=Path("models"), help="folder of models (%(default)s)")
    flag("--output", type=Path, required=True, help="folder to write; must not be there")
    flag(
        "--name",
        type=_matching(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?", "a-z, 0-9 and '-', from a letter on"),
        default=DeployOptions.name,
        help="name of the deployment (%(default)s)",
    )
    flag(
        "--image",
        type=_matching(r"[\w][\w./:@-]*", "NAME:TAG"),
        default=DeployOptions.image,
        help="image of TensorFlow Serving (%(default)s)",
    )
    flag(
        "--host",
        type=_matching(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", "a host name"),
        default=DeployOptions.host,
        help="host name of the nginx front (%(default)s)",
    )
    flag(
        "--replicas",
        type=_number,
        default=DeployOptions.replicas,
        help="pods at the least (%(default)s)",
    )
    flag(
        "--cpus", type=_number, default=DeployOptions.cpus, help="CPUs of each server (%(default)s)"
    )
    flag("--force", action="store_true", help="write over the files of an earlier run")
    return parser


def _number(text: str) -> int:
    return int(_matching(r"[1-9][0-9]{0,2}", "a number from 1 to 999")(text))


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ArgumentTypeError(f"expected {expected}. Received: {text!r}")
        return text

    return checked


if __name__ == "__main__":
    main()
