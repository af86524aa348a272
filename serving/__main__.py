"""Serve any SavedModel under TensorFlow Serving's protocol, without TensorFlow Serving.

    python -m serving --model_name seqrec --model_base_path models/seqrec

The flags are TensorFlow Serving's own, but for those that `--help` lists apart.
"""

import logging
import os
import signal
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

from serving.access_log import open_access_log
from serving.batching.flags import Batching, read_batching
from serving.command import run_command
from serving.interrupts import end_at_once, end_otherwise
from serving.models.model_config import ModelConfig, local_path, read_model_configs
from serving.models.versions import find_versions, require_versions
from serving.protocol.errors import InputError, UnreadableError
from serving.quiet import quiet
from serving.server.flags import Flags, read_flags
from serving.server.grpc_server import reserve_grpc_port, serve_grpc
from serving.server.listener import base_url, open_listener
from serving.server.monitoring import read_monitoring_path
from serving.server.slim_import import import_tensorflow

if TYPE_CHECKING:
    from serving.server.running import Running

logger = logging.getLogger("serving")


def main() -> None:
    """Read the flags and serve until told to stop."""
    # Nothing is under way yet.
    end_at_once()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    flags = read_flags()
    # Not by descriptor 2, which is a log while TensorFlow starts.
    screen = open(os.dup(2), "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    logging.basicConfig(stream=screen, format="%(asctime)s %(message)s")
    logger.setLevel(logging.INFO)
    # Its warnings come with every request to some models, and are not for the operator.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    run_command(lambda: serve(flags))


def serve(flags: Flags) -> None:
    """Serve until told to stop; then the process ends.

    Raises:
        InputError: flags or files that do not fit, or a model that cannot be loaded.
        OSError: a file cannot be read.
    """
    # Mistakes in flags and files are reported before TensorFlow is imported, which is slow.
    configs = _configs(flags)
    _require_versions(configs)
    monitoring_path = read_monitoring_path(flags.monitoring_config_file)
    batching = read_batching(
        flags.enable_batching,
        flags.batching_parameters_file,
        flags.enable_per_model_batching_parameters,
    )
    if flags.access_log:
        open_access_log(flags.access_log)
    listener = open_listener(flags.rest_api_address, flags.rest_api_port)
    grpc_port = None
    if flags.port:
        health_checks = flags.enable_grpc_healthcheck_service
        grpc_port = reserve_grpc_port(flags.rest_api_address, flags.port, health_checks)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet(flags.verbose, logger.info):
        running = _running(flags, configs, monitoring_path, batching)
    from serving.server.http_server import serve as serve_http

    with serve_grpc(running, grpc_port) as stop_grpc:

        def start() -> None:
            end_otherwise()
            _announce(listener, configs)
            running.follow(flags.model_config_file)

        serve_http(running.application(), listener, running.patience, stop_grpc, start)
    # Not the usual end, which waits for graphs that run on after their request timed out.
    os._exit(0)


def _running(
    flags: Flags, configs: list[ModelConfig], monitoring_path: str | None, batching: Batching | None
) -> "Running":
    """The server with its models loaded, as far as they can be read."""
    import_tensorflow()
    from serving.server.running import Running

    running = Running(flags, monitoring_path, batching)
    try:
        running.manager.reload(configs)
    except UnreadableError as error:
        logger.error("%s; starting without it", error)
    return running


def _require_versions(configs: list[ModelConfig]) -> None:
    """Check that there is something to serve of every model whose base path can be read."""
    unreadable = []
    for config in configs:
        try:
            require_versions(config, find_versions(config.name, config.base_path))
        except OSError as error:
            unreadable.append(error)
    if unreadable and len(unreadable) == len(configs):
        raise unreadable[0]


def _announce(listener: socket.socket, configs: list[ModelConfig]) -> None:
    listener.listen()
    url = base_url(listener)
    for config in configs:
        logger.info("model %s at %s/v1/models/%s", config.name, url, quote(config.name, safe=""))
    logger.info("listening on %s only (--rest_api_address)", listener.getsockname()[0])
    print(url, flush=True)


def _configs(flags: Flags) -> list[ModelConfig]:
    if flags.model_config_file is None:
        if flags.model_config_file_poll_wait_seconds:
            raise InputError(
                "--model_config_file_poll_wait_seconds: expected --model_config_file as well. "
                "Received: none"
            )
        base_path = local_path(flags.model_base_path or f"models/{flags.model_name}")
        return [ModelConfig(flags.model_name, base_path.absolute())]
    if flags.model_base_path is not None:
        logger.info("--model_config_file is given: --model_name and --model_base_path are ignored")
    return read_model_configs(flags.model_config_file)


if __name__ == "__main__":
    main()
