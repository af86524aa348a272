"""The gRPC server: TensorFlow Serving's services on a port of their own, next to REST.

Off unless `--port` is given, where TensorFlow Serving listens on 8500: the embedded server opens
nothing that was not asked for, and two of them start on one machine.
"""

import logging
import socket
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serving.command import BOOLEAN, CommandParser, port, positive
from serving.protocol.errors import InputError
from serving.server.listener import open_listener
from serving.server.options import ServerOptions

if TYPE_CHECKING:
    import grpc

    from serving.server.grpc_drain import Drain
    from serving.server.running import Running

LARGEST_MESSAGE_BYTES = 2**31 - 1

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
        default=ServerOptions.grpc_max_threads,
        help="gRPC requests that run at the same time (default 4 a CPU: %(default)s)",
    )
    group.add_argument(
        "--grpc_channel_arguments",
        type=_channel_arguments,
        default=ServerOptions.grpc_channel_arguments,
        metavar="KEY=VALUE,...",
        help="options of the gRPC library, such as grpc.max_connection_age_ms=2000",
    )
    group.add_argument(
        "--enable_grpc_healthcheck_service",
        **BOOLEAN,
        default=False,
        help="answer the gRPC health checking protocol on the same port",
    )


def reserve_grpc_port(address: str, port: int, health_checks: bool = False) -> socket.socket:
    """Take the port before models are loaded, so that a taken port is reported at once.

    Args:
        address: the address to listen on.
        port: the port; 0 picks one.
        health_checks: whether the gRPC health checking protocol is to be answered.

    Returns:
        A socket to give to `serve_grpc`.

    Raises:
        InputError: the port is in use, or a package that gRPC needs is not installed.
    """
    _require_packages(health_checks)
    return open_listener(address, port, "--port")


@contextmanager
def serve_grpc(running: "Running", reserved: socket.socket | None) -> Iterator[Callable[[], None]]:
    """Answer gRPC requests while the body runs; those under way at its end are finished.

    Args:
        running: what is served.
        reserved: what `reserve_grpc_port` returned; None if gRPC is off.

    Yields:
        A function to call as soon as the end is known: new requests are refused from then on.

    Raises:
        InputError: somebody else took the port meanwhile.
    """
    if reserved is None:
        yield lambda: None
        return
    address, port = reserved.getsockname()[:2]
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    server, drain = _make_server(running)
    reserved.close()
    try:
        server.add_insecure_port(place)
    except RuntimeError as error:
        raise InputError(f"--port: cannot listen on {place}; expected a free port") from error
    server.start()
    logger.info("gRPC on %s", place)
    try:
        yield drain.begin
    finally:
        drain.finish()


def _make_server(running: "Running") -> "tuple[grpc.Server, Drain]":
    """The server, and how it ends."""
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    from serving.grpc_api.model_service import ModelService
    from serving.grpc_api.prediction_service import PredictionService
    from serving.server.grpc_drain import CountingPool, Drain, Refusal

    options = running.options
    pool, refusal, health = CountingPool(options.grpc_max_threads, "grpc"), Refusal(), None
    waiting = options.max_waiting_requests
    server = grpc.server(
        pool,
        options=_library_options(options),
        interceptors=[refusal],
        maximum_concurrent_rpcs=options.grpc_max_threads + waiting if waiting else None,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(running.registry, running.metrics), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(running.registry, running.metrics, running.manager.reload), server
    )
    if options.enable_grpc_healthcheck_service:
        from grpc_health.v1 import health_pb2_grpc

        from serving.server.grpc_health import Health

        health = Health()
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
    return server, Drain(server, pool, refusal, health, options.drain_seconds)


def _library_options(options: ServerOptions) -> list[tuple[str, int | str]]:
    return [
        ("grpc.max_receive_message_length", options.max_body_bytes or LARGEST_MESSAGE_BYTES),
        ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
        # Two servers on one port would share its requests silently.
        ("grpc.so_reuseport", 0),
        *options.grpc_channel_arguments,
    ]


def _channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    arguments = []
    for item in filter(None, text.split(",")):
        key, separator, value = item.partition("=")
        if not key or not separator:
            raise ArgumentTypeError(f"expected KEY=VALUE,... Received: {item!r}")
        arguments.append((key, int(value) if value.lstrip("-").isdecimal() else value))
    return tuple(arguments)


def _require_packages(health_checks: bool) -> None:
    try:
        import grpc  # noqa: F401

        if health_checks:
            import grpc_health  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"--port: gRPC needs the package {error.name}; install it with "
            "`pip install seqrec-tf[grpc]`"
        ) from error
