"""Writing the files of a deployment, and keeping what was rolled out in an earlier one."""

import os
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

from serving.deploy.generate import MODELS_CONFIG, Deployment, generate
from serving.deploy.models import find_models
from serving.deploy.options import DEFAULTS, DeployOptions
from serving.interrupts import deferred, unwinding
from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage


def deploy(
    models: Path, output: Path, options: DeployOptions = DEFAULTS, force: bool = False
) -> list[str]:
    """Write the files of a deployment.

    Args:
        models: folder of models, each a folder of version directories.
        output: folder to write.
        options: what the deployment is like.
        force: whether the files of an earlier run are written over.

    Returns:
        The models whose versions and labels are kept as they were rolled out in an earlier one.

    Raises:
        InputError: options or models that do not fit; nothing is written.
        OSError: something cannot be read or written.
    """
    if os.path.lexists(output) and not force:
        raise InputError(f"--output: {output} is there already; expected a new folder, or --force")
    if output.exists() and not output.is_dir():
        raise InputError(f"--output: expected a folder. Received: {output}, which is a file")
    for flag, path in (("--models", models.resolve()), ("--output", output)):
        _require_utf8(flag, path)
    # TensorFlow's C++ logs are nothing for the person who deploys.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    deployment = Deployment(models.resolve(), find_models(models), **vars(options))
    kept = _kept(output / MODELS_CONFIG)
    _write(generate(deployment, kept), output)
    return sorted(kept)


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
