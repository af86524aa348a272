"""The TCP port the server listens on."""

import socket

from serving.protocol.errors import InputError


def open_listener(address: str, port: int, flag: str = "--rest_api_port") -> socket.socket:
    """Take a TCP port, before models are loaded, so that a taken port is reported at once.

    Connections are refused until `serve` runs. `flag` is the one that names the port.

    Raises:
        InputError: the port is in use, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Named TCP, or asyncio leaves Nagle's algorithm on, which costs 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{flag}: cannot listen on {address} port {port} ({reason}); "
            "expected a free port of this machine, or 0 to have one picked"
        ) from error
    return listener


def base_url(listener: socket.socket) -> str:
    """The URL a listener answers on, without a trailing slash."""
    address, port = listener.getsockname()[:2]
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}"
