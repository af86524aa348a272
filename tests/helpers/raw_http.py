"""HTTP by hand: bytes that no client library sends."""

import socket
import time

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


def request(method: str, path: str, body: bytes | None = None, head: bytes = b"") -> bytes:
    """A request; `head` are further lines of it."""
    line = f"{method} {path} HTTP/1.1\r\nHost: test\r\n".encode()
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return line + head + length + b"\r\n" + (body or b"")


def chunked(*parts: bytes) -> bytes:
    """A body in chunks, without its head."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def connect(url: str, buffer: int = 0) -> socket.socket:
    """A connection to a server, whose system takes `buffer` bytes for who does not read."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.settimeout(20)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((host, int(port)))
    return connection


def exchange(url: str, *parts: bytes, half_close: bool = False, pause: float = 0.0) -> bytes:
    """Send parts one after the other, and read until the server closes.

    A last request should say `Connection: close`.
    """
    with connect(url) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = b""
    try:
        while part := connection.recv(1 << 16):
            received += part
    except ConnectionResetError:
        pass
    return received
