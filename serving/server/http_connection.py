"""One HTTP/1 connection: uvicorn's, with the manners of TensorFlow Serving's HTTP library.

An offer to upgrade (`Connection: Upgrade`, which Java's client makes with every request) is
ignored, and the body read. Bytes beyond ASCII may stand in a path. A client that has sent its
request may close its half of the connection and still gets its answer; one that has closed all of
it looks the same, but for how it takes the first bytes of an answer, so those are sent at once. Who
sends or reads nothing, or next to nothing, for too long is cut off, and so is a head without end.
"""

import array
import fcntl
import os
import re
import socket
import termios
import time
from asyncio import Transport
from collections.abc import Callable

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

LARGEST_HEAD_BYTES = 256 * 1024
# Slower than any line, faster than who only wants to hold a connection.
SLOWEST_BYTES_A_SECOND = 10
ANSWER = b"HTTP/1.1 "  # how every answer begins
TCP_CLOSED = 7  # of the system's states of a connection
NOT_HTTP = "Invalid HTTP request received."
TOO_LARGE_HEAD = "The head of the request is too large."
NO_TUNNELS = "CONNECT is not implemented."

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class HttpConnection(HttpToolsProtocol):
    """A connection. The names of uvicorn's and httptools' callbacks are theirs."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._running: RequestResponseCycle | None = None
        self._received = 0
        self._messages = 0
        self._place = "idle"  # of the next byte: "idle", "line" (the first), "head" or "body"
        self._body_left: int | None = None
        self._head_bytes = 0
        self._mark = ("idle", 0, time.monotonic(), 0)
        self._half_closed = False

    def data_received(self, data: bytes) -> None:
        """Read a part of one or several requests."""
        self._unset_keepalive_if_required()
        self._received += len(data)
        self._head_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(400, NOT_HTTP)
        if self._head_bytes > LARGEST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, TOO_LARGE_HEAD)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """The client sends no more: answer what it asked in full, then close."""
        asked = [cycle for cycle, _ in self.pipeline if not cycle.more_body]
        if self._running is not None and not self._running.response_complete:
            asked.append(self._running)
        if not asked or asked[0].more_body:
            return None
        if self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        asked[0].keep_alive = False
        self._half_closed = True
        if self._running is not None and not self._running.response_started:
            self.transport.write(ANSWER)
            self._running.transport = _Begun(self.transport)  # type: ignore[assignment]
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, also for the request under way; uvicorn tells the newest one only."""
        super().connection_lost(exc)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def close_if_gone(self) -> None:
        """Close the connection if its client did not stay for its answer; to be called often."""
        if not self._half_closed or self.transport.is_closing():
            return
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as same:
            state = same.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state == TCP_CLOSED:
            self.transport.abort()

    def close_if_stalled(self, seconds: float) -> None:
        """Close the connection if its client let it lie for so long; to be called now and then."""
        name, progress = self._stage()
        _, messages, since, before = self._mark
        now = time.monotonic()
        if (name, self._messages) != self._mark[:2]:
            self._mark = (name, self._messages, now, progress)
        elif name != "busy" and now - since >= seconds:
            if progress - before >= SLOWEST_BYTES_A_SECOND * seconds:
                self._mark = (name, messages, now, progress)
            else:
                self.transport.abort()

    def _stage(self) -> tuple[str, int]:
        """What is waited for, and how far it has come, in bytes."""
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            return "writing", -(unsent + _queued(self.transport))
        answering = self._running is not None and not self._running.response_complete
        if answering and (self._running is not self.cycle or self.flow.read_paused):
            return "busy", 0
        if self.cycle is not None and self.cycle.more_body:
            return "body", self._received
        if answering:
            return "busy", 0
        # A head has one time for all of it: bytes are no progress.
        return ("idle" if self._place == "idle" else "head"), 0

    def _feed(self, data: bytes) -> None:
        """Give the parser what it can take: its paths are ASCII, and an offer stops it."""
        plain, start = data.isascii(), 0
        while start < len(data):
            end = len(data) if plain else self._end_of_part(data, start)
            part = data[start:end]
            if self._place in ("idle", "line") and not plain:
                part = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], part)
            try:
                self.parser.feed_data(part)
                start = end
            except httptools.HttpParserUpgrade as offer:
                start += offer.args[0]
                if self.scope["method"] == "CONNECT":
                    self._refuse(501, NO_TUNNELS)
                    return
                self._ignore_offer()
            if self._place == "line" and part.endswith(b"\n"):
                self._place = "head"

    def _end_of_part(self, data: bytes, start: int) -> int:
        """Where the line or the body ends that `start` is in."""
        if self._place == "body" and self._body_left is not None:
            return min(start + self._body_left, len(data))
        return data.find(b"\n", start) + 1 or len(data)

    def _ignore_offer(self) -> None:
        """Read the head again, without the offer, with a parser that then goes on to the body."""
        lines = [b"%s %s HTTP/%s" % self._request_line]
        for name, value in self.headers:
            if name == b"connection":
                tokens = [
                    token for token in value.split(b",") if token.strip().lower() != b"upgrade"
                ]
                value = b",".join(tokens)
            if name != b"upgrade":
                lines.append(b"%s: %s" % (name, value))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _refuse(self, status: int, reason: str) -> None:
        """Answer in the place of the application, and close."""
        head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(reason)}\r\n"
        text = f"{head}connection: close\r\n\r\n{reason}"
        self.transport.write(STATUS_LINE[status] + text.encode())
        self.transport.close()

    # Parser callbacks

    def on_message_begin(self) -> None:
        """A request line begins."""
        super().on_message_begin()
        self._messages += 1
        self._place = "line"

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; those after a chunked body are left away."""
        if self._place == "body":
            return
        self._place = "head"
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request begins, unless its head is read again."""
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            version = self.parser.get_http_version().encode()
            self._request_line = (self.parser.get_method(), self.url, version)
            return
        headers = dict(self.headers)
        self._body_left = None
        if b"transfer-encoding" not in headers:
            self._body_left = int(headers.get(b"content-length", 0))
        self._place = "body"
        self._head_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._head_bytes = 0
        if self._body_left is not None:
            self._body_left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has come in full."""
        if self.parser.should_upgrade():
            return
        self._place = "idle"
        self._head_bytes = 0
        if self.cycle.response_complete:
            self.cycle.more_body = False
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Callable) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)


class _Begun:
    """A transport on which the first bytes of the next answer have been sent."""

    def __init__(self, transport: Transport):
        self._transport = transport
        self._begun = True

    def write(self, data: bytes) -> None:
        """Send what is left of the answer."""
        self._transport.write(data.removeprefix(ANSWER) if self._begun else data)
        self._begun = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


def _queued(transport: Transport) -> int:
    """Bytes that the system still has to send; it asks for more by megabytes only."""
    count = array.array("i", [0])
    fcntl.ioctl(transport.get_extra_info("socket"), termios.TIOCOUTQ, count)
    return count[0]
