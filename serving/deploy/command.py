"""Writing the files of a deployment, and keeping what was rolled out in an earlier one."""

import os
import signal
import sys
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

from serving.deploy.generate import MODELS_CONFIG, Deployment, generate
from serving.deploy.models import find_models
from serving.interrupts import deferred, unwinding
from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage


def deploy(options: Namespace) -> None:
    """Write the files of a deployment and print their folder.

    Raises:
        InputError: flags or models that do not fit; nothing is written.
        OSError: something cannot be read or written.
    """
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


def _kept(path: Path) -> dict[str, DynamicMessage]:
    """The models of an earlier deployment; their labels are not ours to move."""
    if not path.is_file():
        return {}
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    from serving.protocol.text_proto import read_text_proto

    message = read_text_proto(path, ModelServerConfig())
    return {entry.name: entry for entry in message.model_config_list.config}


def _write(texts: dict[str, str], output: Path) -> None:
    """All files beside the folder first: a full disk or Ctrl-C leaves the folder as it was."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with (
        unwinding(),
        TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as partial,
    ):
        for name, text in texts.items():
            path = Path(partial) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with deferred(signal.SIGINT, signal.SIGTERM):
            for name in texts:
                path = output / name
                path.parent.mkdir(parents=True, exist_ok=True)
                os.replace(Path(partial) / name, path)
