"""The gRPC server: TensorFlow Serving's services on a port of their own, next to REST.

Off unless `--port` is given, where TensorFlow Serving listens on 8500: the embedded server opens
nothing that was not asked for, and two of them start on one machine.
"""

import logging
import os
import socket
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serving.command import BOOLEAN, CommandParser, port, positive
from serving.errors import InputError
from serving.server.listener import open_listener

if TYPE_CHECKING:
    from serving.server.running import Running

LARGEST_MESSAGE_BYTES = 2**31 - 1
# Requests under way when the server is told to stop; TensorFlow Serving waits as long as it takes.
SECONDS_TO_FINISH = 30.0
HEALTH_SERVICES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")

logger = logging.getLogger("serving")


def add_grpc_flags(parser: CommandParser) -> None:
    """Add the flags of the gRPC server."""
    group = parser.add_argument_group("gRPC, as TensorFlow Serving")
    group.add_argument(
        "--port",
        type=port,
        default=0,
        help="port for gRPC; 0 is off (default 0, TensorFlow Serving's is 8500)",
    )
    group.add_argument(
        "--grpc_max_threads",
        type=positive,
        default=4 * (os.cpu_count() or 1),
        help="gRPC requests that run at the same time (default 4 a CPU: %(default)s)",
    )
    group.add_argument(
        "--grpc_channel_arguments",
        type=_channel_arguments,
        default=[],
        metavar="KEY=VALUE,...",
        help="options of the gRPC library, such as grpc.max_connection_age_ms=2000",
    )
    group.add_argument(
        "--enable_grpc_healthcheck_service",
        **BOOLEAN,
        default=False,
        help="answer the gRPC health checking protocol on the same port",
    )


def reserve_grpc_port(options: Namespace) -> socket.socket | None:
    """Take the port before models are loaded, so that a taken port is reported at once.

    Returns:
        A socket to give to `serve_grpc`; None if gRPC is off.

    Raises:
        InputError: the port is in use, or a package that gRPC needs is not installed.
    """
    if options.port == 0:
        return None
    _require_packages(options)
    return open_listener(options.rest_api_address, options.port, "--port")


@contextmanager
def serve_grpc(
    running: "Running", options: Namespace, reserved: socket.socket | None
) -> Iterator[None]:
    """Answer gRPC requests while the body runs; those under way at its end are finished.

    Args:
        running: what is served.
        options: the flags.
        reserved: what `reserve_grpc_port` returned.

    Raises:
        InputError: somebody else took the port meanwhile.
    """
    if reserved is None:
        yield
        return
    address, port = reserved.getsockname()[:2]
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    server, health = _make_server(running, options)
    reserved.close()
    try:
        server.add_insecure_port(place)
    except RuntimeError as error:
        raise InputError(f"--port: cannot listen on {place}; expected a free port") from error
    server.start()
    logger.info("gRPC on %s", place)
    try:
        yield
    finally:
        if health is not None:
            health.enter_graceful_shutdown()
        server.stop(SECONDS_TO_FINISH).wait()


def _make_server(running: "Running", options: Namespace) -> tuple:
    """The server and, if asked for, its health service."""
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    from serving.grpc_api.model_service import ModelService
    from serving.grpc_api.prediction_service import PredictionService

    waiting = options.max_waiting_requests
    server = grpc.server(
        ThreadPoolExecutor(options.grpc_max_threads, "grpc"),
        options=_library_options(options),
        maximum_concurrent_rpcs=options.grpc_max_threads + waiting if waiting else None,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(running.registry, running.metrics), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(running.registry, running.metrics, running.manager.reload), server
    )
    if not options.enable_grpc_healthcheck_service:
        return server, None
    return server, _add_health_service(server)


def _add_health_service(server: object) -> object:
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    # Not in the pool: whoever watches would hold one of its threads for ever.
    servicer = health.HealthServicer(
        experimental_non_blocking=True, experimental_thread_pool=ThreadPoolExecutor(1, "health")
    )
    for service in HEALTH_SERVICES:
        servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return servicer


def _library_options(options: Namespace) -> list[tuple[str, int | str]]:
    return [
        ("grpc.max_receive_message_length", options.max_body_bytes or LARGEST_MESSAGE_BYTES),
        ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
        # Two servers on one port would share its requests silently.
        ("grpc.so_reuseport", 0),
        *options.grpc_channel_arguments,
    ]


def _channel_arguments(text: str) -> list[tuple[str, int | str]]:
    arguments = []
    for item in filter(None, text.split(",")):
        key, separator, value = item.partition("=")
        if not key or not separator:
            raise ArgumentTypeError(f"expected KEY=VALUE,... Received: {item!r}")
        arguments.append((key, int(value) if value.lstrip("-").isdecimal() else value))
    return arguments


def _require_packages(options: Namespace) -> None:
    try:
        import grpc  # noqa: F401

        if options.enable_grpc_healthcheck_service:
            import grpc_health  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"--port: gRPC needs the package {error.name}; install it with "
            "`pip install seqrec-tf[grpc]`"
        ) from error
