"""HTTP as it is really spoken: offers to upgrade, half-closed and stalled connections, the end."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers.raw_http import OFFER, chunked, connect, exchange, read_all, request

HELPERS = Path(__file__).parents[2] / "helpers"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSE = b"Connection: close\r\n"
LAST = request("GET", "/last", head=CLOSE)


def start(connection: float, drain: float) -> tuple[subprocess.Popen, str]:
    """A server whose connections and drain last so many seconds, and its URL."""
    command = [sys.executable, HELPERS / "bare_server.py", str(connection), str(drain)]
    environment = os.environ | {"PYTHONPATH": str(HELPERS.parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    return process, process.stdout.readline().strip()


@pytest.fixture
def start_bare():
    """`start`; what was started ends with the test."""
    processes = []

    def start_one(connection: float, drain: float) -> tuple[subprocess.Popen, str]:
        process, url = start(connection, drain)
        processes.append(process)
        return process, url

    yield start_one
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def url():
    """A server that is never impatient."""
    process, address = start(50, 1)
    yield address
    process.kill()
    process.communicate()


def answers(received: bytes) -> list:
    """The bodies of answers that all are 200 and a list."""
    heads = re.findall(rb"HTTP/1\.1 (\d+)", received)
    assert set(heads) <= {b"200", b"100"}, received
    return [json.loads(body) for body in re.findall(rb"^\[.*?\]", received, re.MULTILINE)]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "offer",
    [
        OFFER,
        b"connection: upgrade\r\nupgrade: h2c\r\n",
        b"CONNECTION: keep-alive, UPGRADE\r\nUPGRADE: websocket\r\n",
        b"Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, h2c\r\n",
    ],
)
def test_an_offer_to_upgrade_costs_no_body(url, method, offer):
    asked = request(method, "/a", b"body", offer) + request(method, "/b", b"", offer)
    expected = [[method, "/a", "body"], [method, "/b", ""], ["GET", "/last", ""]]
    assert answers(exchange(url, asked + LAST)) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            [
                request("POST", "/a", head=OFFER + CHUNKED),
                chunked(b"one", b"two"),
            ],
            ["POST", "/a", "onetwo"],
        ),
        ([bytes([byte]) for byte in request("POST", "/a", b"body", OFFER)], ["POST", "/a", "body"]),
        (
            [request("POST", "/a", b"body", OFFER + b"Expect: 100-continue\r\n")],
            ["POST", "/a", "body"],
        ),
        ([request("GET", "/a", head=OFFER)], ["GET", "/a", ""]),
        ([request("POST", "/é", "ü".encode(), OFFER)], ["POST", "/%C3%A9", "ü"]),
    ],
)
def test_an_offer_in_parts(url, parts, expected):
    received = exchange(url, *parts, LAST, pause=0.001)
    assert answers(received) == [expected, ["GET", "/last", ""]]


@pytest.mark.parametrize("head", [b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n", None])
def test_an_offer_on_the_last_request(url, head):
    asked = request("POST", "/a", b"body", head or OFFER)
    if head is None:
        asked = asked.replace(b"HTTP/1.1", b"HTTP/1.0")
    assert answers(exchange(url, asked)) == [["POST", "/a", "body"]]


def test_heads(url):
    assert b" 501 Not Implemented" in exchange(url, b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\nxx")
    assert b" 400 Bad Request" in exchange(url, b"hello\r\n\r\n")
    assert b" 200 OK" in exchange(
        url, request("GET", "/", head=b"X: %s\r\n" % (b"x" * 65000)), LAST
    )
    endless = b"GET / HTTP/1.1\r\nX: " + b"x" * 600_000
    assert b" 431 Request Header Fields Too Large" in exchange(url, endless)


@pytest.mark.parametrize(
    "body",
    [b"body", "ü\n\nGET /no HTTP/1.1\r\n\r\n".encode(), b""],
)
def test_bytes_beyond_ascii_in_a_path(url, body):
    asked = [request("POST", "/é?ü", body), request("GET", "/%C3%A9"), request("POST", "/ö", body)]
    text = body.decode()
    expected = [["POST", "/%C3%A9", text], ["GET", "/%C3%A9", ""], ["POST", "/%C3%B6", text]]
    assert answers(exchange(url, b"".join(asked) + LAST)) == [*expected, ["GET", "/last", ""]]
    in_chunks = request("POST", "/é", head=CHUNKED) + chunked(b"a", body or b"b")
    assert answers(exchange(url, in_chunks + asked[0] + LAST))[1:] == [
        expected[0],
        ["GET", "/last", ""],
    ]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (request("POST", "/a", b"body", b"sleep: 0.2\r\n"), 1),
        (request("POST", "/a", b"body"), 1),
        (request("POST", "/a", head=CHUNKED) + chunked(b"body"), 1),
        (request("POST", "/a", b"body", OFFER + b"sleep: 0.2\r\n"), 1),
        (request("POST", "/a", b"body", b"sleep: 0.1\r\nsize: 3000000\r\n"), 1),
        (request("POST", "/a", b"body", b"sleep: 0.1\r\n") * 3, 3),
        (request("POST", "/a", b"body", b"sleep: 0.1\r\n") * 2 + b"GET /b HT", 2),
        (request("POST", "/a", b"body", b"sleep: 0.1\r\n") + request("POST", "/b", b"xy")[:-1], 1),
        # What did not come in full is not asked.
        (request("POST", "/a", b"body")[:-1], 0),
        (request("POST", "/a", head=CHUNKED) + b"4\r\nbody\r\n", 0),
        (b"GET /a HTTP/1.1\r\n", 0),
        (b"", 0),
    ],
)
def test_half_closed_connections_get_their_answers(url, asked, count):
    assert answers(exchange(url, asked, half_close=True)) == [["POST", "/a", "body"]] * count


def gone(url: str) -> int:
    """How many clients went away while they waited."""
    return json.loads(exchange(url, request("GET", "/gone", head=CLOSE)).rpartition(b"\r\n")[2])


@pytest.mark.parametrize("manner", ["closed", "half closed before", "reset"])
@pytest.mark.parametrize(
    "asked",
    [
        request("POST", "/a", b"body", b"sleep: 30\r\n"),
        request("POST", "/a", head=CHUNKED + b"sleep: 30\r\n") + chunked(b"body"),
        request("POST", "/a", b"body", OFFER + b"sleep: 30\r\n"),
        request("GET", "/a", head=b"sleep: 30\r\n"),
        request("POST", "/a", b"body", b"sleep: 30\r\n") + LAST,
    ],
)
def test_a_client_that_closes_its_connection_is_waited_for_no_longer(url, asked, manner):
    before = gone(url)
    with connect(url) as connection:
        connection.sendall(asked)
        time.sleep(0.1)
        if manner.startswith("half"):
            connection.shutdown(socket.SHUT_WR)
        if manner == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end = time.monotonic() + 10
    while gone(url) == before:
        assert time.monotonic() < end
        time.sleep(0.05)


# Bytes at once, bytes ten times a second, and whether the connection is cut off.
STALLS = {
    "nothing": (b"", b"", True),
    "a byte": (b"G", b"", True),
    "half a head": (b"GET / HTTP/1.1\r\nHost: a\r\n", b"", True),
    "a head that never ends": (b"GET / HTTP/1.1\r\nX: ", b"x" * 20, True),
    "empty lines": (b"", b"\r\n", True),
    "half a body": (b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\nx", b"", True),
    "a body without its chunk": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"",
        True,
    ),
    "a body byte by byte": (b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n", b"x" * 0, True),
    "idle": (request("GET", "/"), b"", True),
    "a slow body": (b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n", b"x" * 10, False),
    "a slow answer": (request("GET", "/", head=b"sleep: 6\r\n"), b"", False),
}


def test_stalled_connections_are_cut_off(start_bare):
    _, url = start_bare(1, 1)
    cut = {}

    def talk(name: str, first: bytes, more: bytes) -> None:
        with connect(url) as connection:
            connection.settimeout(0.1)
            until = time.monotonic() + 4
            while name not in cut and time.monotonic() < until:
                try:
                    connection.sendall(first + more)
                    first = b""
                    if not connection.recv(1000):
                        cut[name] = True
                except TimeoutError:
                    pass
                except OSError:
                    cut[name] = True

    threads = [
        threading.Thread(target=talk, args=(name, first, more))
        for name, (first, more, _) in STALLS.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cut.keys() == {name for name, (_, _, expected) in STALLS.items() if expected}


def test_who_does_not_read_the_answer_is_cut_off(start_bare):
    _, url = start_bare(1.5, 1)
    with connect(url, 50_000) as lazy, connect(url, 50_000) as slow:
        for connection in (lazy, slow):
            connection.sendall(request("GET", "/", head=b"size: 8000000\r\n"))
        received = 0
        for _ in range(40):
            received += len(slow.recv(50_000))
            time.sleep(0.1)
        assert len(read_all(lazy)) < 8_000_000
        received += len(read_all(slow))
    assert received > 8_000_000


def wait_for(process, seconds: float) -> float:
    started = time.monotonic()
    assert process.wait(seconds) == 0
    return time.monotonic() - started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"GET /a HTTP/1.1\r\n",
        request("GET", "/a"),
    ],
)
def test_the_end_comes_at_once_if_nothing_is_under_way(start_bare, number, asked):
    process, url = start_bare(50, 20)
    with connect(url) as connection:
        connection.sendall(asked)
        if asked.endswith(b"\r\n\r\n"):
            connection.recv(1000)
        time.sleep(0.1)
        process.send_signal(number)
        assert wait_for(process, 15) < 10


def test_the_end_waits_for_what_is_under_way(start_bare):
    process, url = start_bare(50, 20)
    with connect(url) as connection, connect(url) as uploading:
        connection.sendall(request("GET", "/a", head=b"sleep: 1\r\n") + request("GET", "/b"))
        uploading.sendall(request("POST", "/c", b"body")[:-2])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        uploading.sendall(b"dy")
        assert answers(read_all(connection)) == [["GET", "/a", ""], ["GET", "/b", ""]]
        assert answers(read_all(uploading)) == [["POST", "/c", "body"]]
    wait_for(process, 10)
    assert process.stdout.read() == "stopping\n"


@pytest.mark.parametrize(
    "asked",
    [
        request("POST", "/a", b"body")[:-1],
        request("POST", "/a", head=CHUNKED) + b"1\r\nx\r\n",
        request("GET", "/a", head=b"sleep: 30\r\n"),
        request("GET", "/a", head=b"size: 20000000\r\n"),
    ],
)
def test_the_end_does_not_wait_for_ever(start_bare, asked):
    process, url = start_bare(50, 1)
    with connect(url) as connection:
        connection.sendall(asked)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        wait_for(process, 10)


def test_a_second_signal_ends_the_waiting(start_bare):
    process, url = start_bare(50, 60)
    with connect(url) as connection:
        connection.sendall(request("POST", "/a", b"body")[:-1])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        wait_for(process, 10)


def test_javas_own_client(server):
    if shutil.which("java") is None and not os.environ.get("CI"):
        pytest.skip("no java")
    command = ["java", HELPERS / "UpgradeClient.java", f"{server.url}/v1/models/half:predict"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    answer = '{"outputs": [2.5, 3.0]}'
    assert ended.stdout.splitlines() == [f"200 {answer}"] * 6, ended.stderr


@pytest.mark.parametrize("place", ["", "uvicorn.Config.get_loop_factory = stop"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it_without_a_word(place, number):
    code = f"""
import os, uvicorn
from serving.server.http_server import serve
from serving.server.listener import open_listener

loop_factory = uvicorn.Config.get_loop_factory

def stop(config=None):
    os.kill(os.getpid(), {int(number)})
    return config and loop_factory(config)

{place}
serve(None, open_listener("127.0.0.1", 0), on_start={"lambda: None" if place else "stop"})
print("over")
"""
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(HELPERS.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
