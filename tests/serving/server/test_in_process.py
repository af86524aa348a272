"""A server within a process: it answers, and afterwards nothing of it is left."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from helpers.processes import printed

import serving
from serving.protocol.errors import InputError

SECONDS = 30
LARGE = [0.5] * 16_000 + [0.123456789] * 384  # read in another process


def ask(url: str) -> list[int]:
    """The ids after a history of two: 3 and 4."""
    with serving.Recommender(url) as recommender:
        (answer,) = recommender.recommend([[1193, 661]])
        return [recommendation.id for recommendation in answer]


def children() -> list[str]:
    """What the processes that this one started are called."""
    commands = []
    for thread in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            ids = (thread / "children").read_text().split()
            commands += [Path(f"/proc/{number}/cmdline").read_text() for number in ids]
    return commands


def is_listening(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def nothing_left():
    """Afterwards the process has the threads, child processes and handlers it had before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    interval, threads, processes = sys.getswitchinterval(), set(threading.enumerate()), children()
    yield
    end = time.monotonic() + 5  # what was cut off may take a moment
    while (left := set(threading.enumerate()) - threads) and time.monotonic() < end:
        time.sleep(0.05)
    assert (left, children()) == (set(), processes)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert sys.getswitchinterval() == interval


def test_it_answers_and_ends(model_root, nothing_left):
    with serving.Server(model_root / "seqrec") as server:
        assert ask(server.url) == [3, 4]
        assert requests.get(f"{server.url}/readyz", timeout=SECONDS).text == "ok"
        assert "<html" in requests.get(server.url, timeout=SECONDS).text
        models = requests.get(f"{server.url}/demo/models", timeout=SECONDS).json()["models"]
        assert models == [{"name": "seqrec", "versions": ["7"]}]
        url = server.url
    assert not is_listening(url)


def test_a_process_that_read_a_large_request_ends(model_root, nothing_left):
    with serving.Server(str(model_root / "zoo"), "zoo") as server:
        place = f"{server.url}/v1/models/zoo:predict"
        answer = requests.post(place, json={"instances": LARGE}, timeout=SECONDS)
        assert len(answer.json()["predictions"]) == len(LARGE)
        assert any("serving.rest_api.reader" in command for command in children())


def test_again_and_several_at_a_time(model_root, nothing_left):
    first, second = (serving.Server(model_root / "seqrec") for _ in range(2))
    for _ in range(2):
        with first, second:
            assert first.url != second.url
            assert ask(first.url) == ask(second.url) == [3, 4]
        with pytest.raises(RuntimeError, match="expected a server that runs"):
            first.url  # noqa: B018


def test_where_an_event_loop_runs_as_in_a_notebook(model_root, nothing_left):
    async def cell() -> list[int]:
        with serving.Server(model_root / "seqrec") as server:
            return ask(server.url)

    assert asyncio.run(cell()) == [3, 4]


def test_started_and_stopped_in_other_threads(model_root, nothing_left):
    server, asked = serving.Server(model_root / "seqrec"), []
    for work in (server.start, lambda: asked.append(ask(server.url)), server.stop):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert asked == [[3, 4]]


def test_over_grpc(model_root, nothing_left):
    with serving.Server(model_root / "seqrec", grpc=True) as server:
        assert ask(server.grpc_url) == ask(server.url) == [3, 4]
        url = server.grpc_url
    assert not is_listening(url)


def test_a_new_version_is_served(model_root, tmp_path, nothing_left):
    shutil.copytree(model_root / "half", tmp_path / "half", ignore=lambda *_: ["20"])
    with serving.Server(tmp_path / "half", "half") as server:
        shutil.copytree(model_root / "half" / "20", tmp_path / "incoming")
        (tmp_path / "incoming").rename(tmp_path / "half" / "30")
        end, status = time.monotonic() + SECONDS, ""
        while '"30"' not in status and time.monotonic() < end:
            status = requests.get(f"{server.url}/v1/models/half", timeout=SECONDS).text
    assert '"30"' in status


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none", "base path {root}/none does not exist"),
        ("empty", "no version in base path {root}/empty"),
        ("broken", "expected a SavedModel"),
        ("locked", "base path {root}/locked: "),
        ("a\0b", "expected a base path without NUL"),
    ],
)
def test_folders_without_a_model(tmp_path, path, message, nothing_left):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken" / "1").mkdir(parents=True)
    (tmp_path / "broken" / "1" / "saved_model.pb").write_bytes(b"nonsense")
    (tmp_path / "locked").symlink_to("locked")  # a loop
    server = serving.Server(tmp_path / path)
    for _ in range(2):
        with pytest.raises(InputError, match=message.format(root=tmp_path)):
            server.start()
    server.stop()


def test_a_port_that_is_taken(model_root, nothing_left):
    with serving.Server(model_root / "seqrec") as server:
        port = urlsplit(server.url).port
        with pytest.raises(InputError, match=f"port: cannot listen on 127.0.0.1 port {port}"):
            serving.Server(model_root / "seqrec", port=port).start()
        with pytest.raises(InputError, match="port: cannot listen on 127.0.0.1 port 65536"):
            serving.Server(model_root / "seqrec", port=65536).start()
        with pytest.raises(RuntimeError, match="is running already"):
            server.start()
        with pytest.raises(RuntimeError, match="grpc=True"):
            server.grpc_url  # noqa: B018
        assert ask(server.url) == [3, 4]


@pytest.mark.parametrize(("steps", "drain", "status"), [(200_000, 30, 200), (10**12, 1, None)])
def test_requests_under_way_are_finished_or_cut_off(model_root, steps, drain, status, nothing_left):
    """The second would count for days."""
    options, ended = serving.ServerOptions(drain_seconds=drain), []
    body = {"signature_name": "slow", "inputs": [steps]}

    def post(url: str) -> None:
        try:
            answer = requests.post(f"{url}/v1/models/zoo:predict", json=body, timeout=SECONDS)
            ended.append(answer.status_code)
        except requests.ConnectionError:
            ended.append(None)

    with serving.Server(model_root / "zoo", "zoo", options=options) as server:
        thread = threading.Thread(target=post, args=(server.url,))
        thread.start()
        while not any(each.name.startswith("request") for each in threading.enumerate()):
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < SECONDS
    thread.join()
    assert ended == [status]


def test_a_process_that_forgets_it_ends(model_root):
    script = (
        "import serving, sys\n"
        "server = serving.Server(sys.argv[1], grpc=True).start()\n"
        "print(len(serving.Recommender(server.url).recommend([[1]])[0]))"
    )
    assert printed(script, model_root / "seqrec", timeout=60) == "2"
