"""Generate the files that TensorFlow Serving is deployed with, for a folder of models.

    python -m serving.deploy --models models --output deploy

Server and batching configuration, Docker Compose with Prometheus, Grafana and an nginx front, and
Kubernetes manifests. The `README.md` among them says how to start each.
"""

import os
import re
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.message import Message

from serving.command import CommandParser, run_command
from serving.deploy.generate import MODELS_CONFIG, Deployment, generate
from serving.deploy.models import find_models
from serving.errors import InputError

# The release line whose behaviour was read; newer ones load the same graphs.
IMAGE = "tensorflow/serving:2.20.0"

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
    options = _read_options()
    run_command(lambda: _deploy(options))


def _read_options() -> Namespace:
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
        default="tfserving",
        help="name of the deployment (%(default)s)",
    )
    flag(
        "--image",
        type=_matching(r"[\w][\w./:@-]*", "NAME:TAG"),
        default=IMAGE,
        help="image of TensorFlow Serving (%(default)s)",
    )
    flag(
        "--host",
        type=_matching(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", "a host name"),
        default="localhost",
        help="host name of the nginx front (%(default)s)",
    )
    number = _matching(r"[1-9][0-9]{0,2}", "a number from 1 to 999")
    flag("--replicas", type=number, default="2", help="pods at the least (%(default)s)")
    flag("--cpus", type=number, default="2", help="CPUs of each server (%(default)s)")
    flag("--force", action="store_true", help="write over the files of an earlier run")
    return parser.parse_args()


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ArgumentTypeError(f"expected {expected}. Received: {text!r}")
        return text

    return checked


def _deploy(options: Namespace) -> None:
    output = options.output
    if os.path.lexists(output) and not options.force:
        raise InputError(f"--output: {output} is there already; expected a new folder, or --force")
    if output.exists() and not output.is_dir():
        raise InputError(f"--output: expected a folder. Received: {output}, which is a file")
    models = options.models.resolve()
    for flag, path in (("--models", models), ("--output", output)):
        _require_utf8(flag, path)
    # TensorFlow's C++ logs are nothing for the person who deploys.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    deployment = Deployment(
        models,
        find_models(options.models),
        options.name,
        options.image,
        options.host,
        int(options.replicas),
        int(options.cpus),
    )
    kept = _kept(output / MODELS_CONFIG)
    _write(generate(deployment, kept), output)
    if kept:
        print(f"kept from {output / MODELS_CONFIG}: {', '.join(sorted(kept))}", file=sys.stderr)
    print(output)


def _require_utf8(flag: str, path: Path) -> None:
    """Folders have bytes as their names; YAML, which names them, has text."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{flag}: expected a path in UTF-8. Received: {str(path)!r}") from error


def _kept(path: Path) -> dict[str, Message]:
    """The models of an earlier deployment; their labels are not ours to move."""
    if not path.is_file():
        return {}
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    from serving.text_proto import read_text_proto

    message = read_text_proto(path, ModelServerConfig())
    return {entry.name: entry for entry in message.model_config_list.config}


def _write(texts: dict[str, str], output: Path) -> None:
    """All files beside the folder first: a full disk leaves the folder as it was."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as partial:
        for name, text in texts.items():
            path = Path(partial) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name in texts:
            path = output / name
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(partial) / name, path)


if __name__ == "__main__":
    main()
