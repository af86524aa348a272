"""A server that answers, or does not, as a test tells it to."""

import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
RESET = "reset"  # instead of an orderly end


@contextmanager
def scripted_server(answer, tls: ssl.SSLContext | None = None):
    """A server that answers request number n of a connection with `answer(n)`.

    Bytes are sent, a number is waited for in seconds, None closes the connection and `RESET`
    resets it. A list is done one after the other.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with (
            suppress(OSError),  # a client that goes
            tls.wrap_socket(connection, server_side=True) if tls else connection as wrapped,
        ):
            number = 0
            while wrapped.recv(65536):
                what = answer(number)
                for step in what if isinstance(what, list) else [what]:
                    if not act(wrapped, step):
                        return
                number += 1

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def act(connection, step) -> bool:
    """One step; whether the connection stays open."""
    if step == RESET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if step is None or step == RESET:
        return False
    if isinstance(step, bytes):
        connection.sendall(step)
    else:
        time.sleep(step)
    return True
