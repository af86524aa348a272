"""The connection of client and load generator, against servers that end it at any moment."""

import os
import resource
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest
from helpers.scripted_server import OK, RESET, scripted_server

import serving.client.transports.connection as transport_connection
from serving.client import RequestError
from serving.client.transports.connection import Connection, MalformedAnswerError, post_request
from serving.client.transports.rest_connection import RestConnection

REQUEST = post_request("localhost", "/x", b"{}")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
JSON_OK = HEAD + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n"


def assert_answers(connection: Connection) -> None:
    answer = connection.exchange(REQUEST)
    assert (answer.status, answer.body) == (200, b"{}")


def test_a_connection_is_kept_and_reopened():
    with scripted_server(lambda number: OK if number < 2 else None) as address:
        connection = Connection(address, 5.0)
        assert_answers(connection)
        assert_answers(connection)
        with pytest.raises(ConnectionResetError):
            connection.exchange(REQUEST)
        assert_answers(connection)


def test_a_process_with_many_open_files(monkeypatch):
    """`select` takes no numbers above 1,023."""
    monkeypatch.setattr(transport_connection, "_IDLE_SECONDS", -1.0)
    with scripted_server(lambda _: OK) as address, ExitStack() as files:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1024):
            files.enter_context(open(os.devnull))
        connection = Connection(address, 5.0)
        for _ in range(2):
            assert_answers(connection)
        connection.close()


def test_long_answers_and_short_pieces():
    body = b"x" * 1_000_000
    whole = b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:1000000\r\nConnection: Close\r\n\r\n" + body
    with scripted_server(lambda _: whole) as address:
        assert Connection(address, 5.0).exchange(REQUEST).body == body


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + CHUNKED,
        HEAD + b"Content-Length: 99\r\n" + CHUNKED,
        HEAD + b"content-length:\t2\t\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + JSON_OK,
        [HEAD + b"\r\n{}", None],
        [b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{", b"}", None],
    ],
)
def test_other_forms_of_answers(answer):
    with scripted_server(lambda _: answer) as address:
        connection = Connection(address, 5.0)
        for _ in range(3):
            assert_answers(connection)
        assert RestConnection("http://{}:{}".format(*address)).ask("/x", 5.0) == {}


def test_an_answer_without_a_body():
    with scripted_server(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n") as address:
        answer = Connection(address, 5.0).exchange(REQUEST)
        assert (answer.status, answer.body, answer.header("content-type")) == (204, b"", "")


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{", None],
        [HEAD + b"Content-Length: 9\r\n\r\n{", None],
    ],
)
def test_no_answer_of_http(answer):
    with (
        scripted_server(lambda _: answer) as address,
        pytest.raises((MalformedAnswerError, ConnectionError)),
    ):
        Connection(address, 5.0).exchange(REQUEST)


def ends(*steps):
    """Every connection answers once, then does these things."""
    return lambda number: [JSON_OK, *steps] if number == 0 else None


# How a server ends a connection that a client keeps; then the seconds until the next request.
ENDS = {
    "closed long before": (ends(None), 0.6),
    "reset long before": (ends(0.05, RESET), 0.65),
    "closed just before": (ends(None), 0.05),
    "reset just before": (ends(0.05, RESET), 0.1),
    "closed at once": (ends(None), 0.0),
    "closed instead of an answer": (lambda number: JSON_OK if number == 0 else None, 0.0),
    "reset instead of an answer": (lambda number: JSON_OK if number == 0 else RESET, 0.0),
    "after saying so": ([HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", None], 0.0),
}


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_a_kept_connection_that_ended_is_no_dead_server(end, secure, certificate, monkeypatch):
    """One attempt is enough, and no wait between attempts passes."""
    answer, pause = ENDS[end]
    scripted = answer if callable(answer) else lambda _: answer
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    tls = None
    if secure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
    with scripted_server(scripted, tls) as (_, port):
        connection = RestConnection(f"http{'s' * secure}://localhost:{port}")
        for _ in range(3):
            assert connection.ask("/x", 5.0) == {}
            time.sleep(pause)


def test_a_new_connection_that_is_closed_is_no_answer():
    with scripted_server(lambda _: None) as address:
        connection = RestConnection("http://{}:{}".format(*address))
        with pytest.raises(RequestError, match="nothing answers"):
            connection.ask("/x", 5.0)


def test_an_answer_that_does_not_come_is_not_waited_for_twice():
    with scripted_server(lambda number: JSON_OK if number == 0 else 5.0) as address:
        connection = RestConnection("http://{}:{}".format(*address))
        assert connection.ask("/x", 5.0) == {}
        start = time.monotonic()
        with pytest.raises(RequestError, match="no answer in time"):
            connection.ask("/x", 0.3)
        assert time.monotonic() - start < 0.6


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[str, str]:
    """Files of a certificate for localhost, and of its key."""
    folder = tmp_path_factory.mktemp("certificate")
    files = str(folder / "certificate.pem"), str(folder / "key.pem")
    flags = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-out", files[0], "-keyout", files[1]]
    command = ["openssl", "req", "-x509", *flags, *names]
    subprocess.run(command, check=True, capture_output=True)
    return files
