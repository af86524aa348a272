"""Which transport a URL asks for. The other one's modules are not imported."""

import re

from serving.errors import InputError
from serving.transports.retrying import Retries
from serving.transports.transport import Served, Transport, without_password


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
        from serving.transports.grpc_transport import GrpcTransport

        return GrpcTransport(served, timeout, retries)
    from serving.transports.rest_transport import RestTransport

    return RestTransport(served, timeout, retries)
