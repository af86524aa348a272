"""Which transport a URL asks for. The other one's modules are not imported."""

import re
from importlib import import_module

from serving.client.transports.retrying import Retries
from serving.client.transports.transport import Served, Transport, without_password
from serving.protocol.errors import InputError


def open_transport(served: Served, timeout: float, retries: Retries) -> Transport:
    """REST or gRPC, as the URL says. The other one's modules are not imported.

    Raises:
        InputError: the URL is of another form, or gRPC is not installed.
    """
    match = re.match(r"(https?|grpc)://[^/\s]", served.url)
    if match is None:
        raise InputError(
            "url: expected http://HOST:PORT or grpc://HOST:PORT. "
            f"Received: {without_password(served.url)!r}"
        )
    if match[1] == "grpc":
        _require("grpcio", "grpc")
        _require("protobuf", "google.protobuf")
        from serving.client.transports.grpc_transport import GrpcTransport

        return GrpcTransport(served, timeout, retries)
    from serving.client.transports.rest_transport import RestTransport

    return RestTransport(served, timeout, retries)


def _require(package: str, module: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise InputError(
            f"gRPC needs {package}, which is not installed; expected after "
            "`pip install grpcio protobuf`, or ask over http://"
        ) from error
