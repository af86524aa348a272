"""One kept HTTP connection that costs its process as little as Python allows.

About 20 microseconds of CPU a request, a fifth of what `http.client` takes: on a machine that also
runs the server, what a load generator takes is missing there. `http.client` reads the answers that
are not of the usual form, a body of stated length.
"""

import io
import re
import selectors
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n")
_USUAL = re.compile(rb"HTTP/1\.1 [2-9]\d\d[ \r]")
_HEAD_END = b"\r\n\r\n"
_CHUNK = 1 << 18
# Servers close what has been idle for seconds; asking whether they have costs a system call.
_IDLE_SECONDS = 0.5


class MalformedAnswerError(Exception):
    """An answer that is not HTTP/1."""


class Answer(NamedTuple):
    """A server's answer.

    Attributes:
        status: of HTTP.
        head: status line and header lines, each with its line end.
        body: without any transfer coding.
    """

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header; "" where it is missing."""
        found = re.search(rf"\r\n{name}:[ \t]*([^\r\n]*)".encode(), self.head, re.IGNORECASE)
        return found[1].decode("latin-1").strip() if found else ""


class Connection:
    """A connection that opens when needed, and closes when nobody holds it. One thread at a time.

    Args:
        address: host and port.
        timeout: seconds that the server may be silent; may be changed between exchanges.
        secure: whether TLS is spoken; `SSL_CERT_FILE` names certificates to trust.
        again: whether a request is sent once more if the server closes a kept connection instead
            of answering: it may have closed it just as the request was sent.
    """

    def __init__(
        self,
        address: tuple[str, int],
        timeout: float,
        secure: bool = False,
        again: bool = False,
    ):
        self.timeout = timeout
        self._address = address
        self._secure = secure
        self._again = again
        self._socket: socket.socket | None = None
        self._used = 0.0

    def exchange(self, request: bytes) -> Answer:
        """Send a request, head and body, and wait for all of its answer.

        Raises:
            OSError: no connection, or a broken one; TimeoutError if the server was silent.
            MalformedAnswerError: as the class says.
        """
        self._close_if_ended()
        kept = self._socket is not None
        try:
            try:
                answer = self._receive(self._send(request))
            except _UnansweredError:
                if not (kept and self._again):
                    raise
                self.close()
                answer = self._receive(self._send(request))
        except (OSError, MalformedAnswerError):
            self.close()
            raise
        self._used = time.monotonic()
        return answer

    def close(self) -> None:
        """Close it; the next exchange opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __del__(self) -> None:
        self.close()

    def _close_if_ended(self) -> None:
        if self._socket is None or time.monotonic() - self._used <= _IDLE_SECONDS:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            # Readable without a request under way: the server has closed it.
            if selector.select(0):
                self.close()

    def _send(self, request: bytes) -> bytes:
        """Send a request; the first bytes of its answer."""
        opened = self._connected()
        opened.settimeout(self.timeout)
        try:
            opened.sendall(request)
            return self._more(b"")
        except TimeoutError:
            raise
        except OSError as error:
            raise _UnansweredError(*error.args) from error

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = self._opened()
        return self._socket

    def _opened(self) -> socket.socket:
        opened = socket.create_connection(self._address, self.timeout)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._encrypted(opened) if self._secure else opened

    def _encrypted(self, opened: socket.socket) -> socket.socket:
        import ssl

        try:
            context = ssl.create_default_context()
            return context.wrap_socket(opened, server_hostname=self._address[0])
        except OSError:
            opened.close()
            raise

    def _receive(self, received: bytes) -> Answer:
        while (end := received.find(_HEAD_END)) < 0:
            received = self._more(received)
        head = received[: end + 2]
        lowered = head.lower()
        length = _LENGTH.search(lowered)
        usual = _USUAL.match(head) and b"\r\ntransfer-encoding:" not in lowered
        if length is None or not usual:
            return self._receive_slowly(received)
        size = end + len(_HEAD_END) + int(length[1])
        parts, missing = [received], size - len(received)
        while missing > 0:
            parts.append(self._more(b""))
            missing -= len(parts[-1])
        if b"\r\nconnection: close" in lowered:
            self.close()
        return Answer(int(head[9:12]), head, b"".join(parts)[end + len(_HEAD_END) : size])

    def _receive_slowly(self, received: bytes) -> Answer:
        """An answer in chunks, without a body, up to the end of the connection, or after others."""
        import http.client

        # It asks for no more of a socket than `makefile`.
        replayed = _Replayed(received, self._connected())
        response = http.client.HTTPResponse(replayed)  # type: ignore[arg-type]
        try:
            response.begin()
            body = response.read()
        except (http.client.HTTPException, ValueError) as error:
            raise MalformedAnswerError(str(error)) from error
        if response.will_close:
            self.close()
        lines = "".join(f"\r\n{name}: {value}" for name, value in response.getheaders())
        return Answer(response.status, f"{lines}\r\n".encode("latin-1", "replace"), body)

    def _more(self, received: bytes) -> bytes:
        chunk = self._connected().recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError("closed by the server")
        return received + chunk


def post_request(host: str, path: str, body: bytes, headers: str = "") -> bytes:
    """The bytes of a POST of JSON.

    Args:
        host: as in the URL, with its port.
        path: in ASCII.
        body: the JSON.
        headers: further header lines, each with its line end.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def get_request(host: str, path: str, headers: str = "") -> bytes:
    """The bytes of a GET; the arguments are those of `post_request`."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode("latin-1")


class _UnansweredError(ConnectionResetError):
    """The server closed the connection before the first byte of an answer."""


class _Replayed(io.RawIOBase):
    """A socket for `http.client`, of which some bytes have been received already."""

    def __init__(self, received: bytes, rest: socket.socket):
        self._received = received
        self._rest = rest

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._received:
            return self._rest.recv_into(buffer)
        view = memoryview(buffer)
        part = self._received[: len(view)]
        self._received = self._received[len(part) :]
        view[: len(part)] = part
        return len(part)
