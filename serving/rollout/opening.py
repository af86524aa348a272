"""From options to a roll-out: its file, its server, and what brings the one to the other."""

import logging
import shlex
import subprocess
import sys
from collections.abc import Callable

from serving.models.model_config import local_path
from serving.protocol.errors import InputError
from serving.rollout.config_file import ConfigFile
from serving.rollout.labels import Rollout
from serving.rollout.options import RolloutOptions
from serving.rollout.remote_model import RemoteModel

logger = logging.getLogger(__name__)


def open_rollout(options: RolloutOptions) -> Rollout:
    """The roll-out of a model: `start_canary`, `promote` or `roll_back` are its steps.

    Raises:
        InputError: the file is none or does not have the model, or the URL is none.
        OSError: the file cannot be read.
    """
    file = ConfigFile(options.config, options.model)
    if "python -m export" in file.comment:
        logger.warning("the next export writes %s anew, without labels", options.config)
    return Rollout(
        file,
        RemoteModel(options.url, options.model),
        options.models / options.model if options.models else local_path(file.entry.base_path),
        unchecked=options.unchecked,
        timeout=options.timeout,
        apply=_runner(options.apply),
    )


def _runner(command: str | None) -> Callable[[], None]:
    """A function that runs the command; its output is no result of ours."""

    def run() -> None:
        if command is None:
            return
        ended = subprocess.run(shlex.split(command), stdout=sys.stderr, check=False)
        if ended.returncode:
            raise InputError(f"--apply: {command} ended with exit code {ended.returncode}")

    return run
