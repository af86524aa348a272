"""The load generator against the real server, and against sockets that misbehave as told."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, run_module
from helpers.scripted_server import OK, scripted_server

from serving.client import Recommender
from serving.client.transports.connection import post_request
from serving.load.bodies import request_bodies
from serving.load.latency import report
from serving.load.processes import run_plan
from serving.load.worker import Plan, Target

REQUEST = post_request("localhost", "/x", b"{}")


def measure(address, **plan):
    plan = Plan(**plan)
    return report(run_plan(Target(address, (REQUEST,)), plan), plan)


def test_a_stall_shows_in_the_corrected_latencies():
    # A request every 10 ms; the server stops for 400 ms once. 40 requests of 100 come meanwhile,
    # and wait 200 ms on average, but only one of them is answered late from its sending.
    with scripted_server(lambda number: [0.4, OK] if number == 30 else OK) as address:
        facts = measure(address, seconds=1.0, concurrency=1, rate=100)
    assert facts["requests"] == 100 and facts["errors"] == {}
    assert facts["uncorrected_latency_ms"]["p95"] < 150
    assert facts["latency_ms"]["p95"] > 250
    assert facts["latency_ms"]["max"] > 380


def test_open_loop_keeps_its_rate_over_processes():
    with scripted_server(lambda _: OK) as address:
        facts = measure(address, seconds=1.0, concurrency=4, rate=200, processes=2)
    assert facts["requests"] + facts["unsent"] == 200
    assert facts["requests"] > 100


def test_closed_loop_asks_again_at_once():
    with scripted_server(lambda _: [0.02, OK]) as address:
        facts = measure(address, seconds=0.6, concurrency=2)
    # Two connections, 20 ms an answer: at most 2 * 0.6 / 0.02 = 60, and two under way.
    assert 6 < facts["answered"] <= 62
    assert 20 <= facts["uncorrected_latency_ms"]["p50"] < 150


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", "HTTP 503"),
        (None, "connection broken"),
        (5.0, "timeout"),
        (b"nonsense\r\n\r\n", "malformed answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "malformed answer"),
    ],
)
def test_errors_by_kind(answer, kind):
    with scripted_server(lambda _: answer) as address:
        facts = measure(address, seconds=0.3, concurrency=2, timeout=0.2)
    assert list(facts["errors"]) == [kind]
    assert facts["answered"] == 0


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    facts = measure(address, seconds=0.2, concurrency=1)
    assert list(facts["errors"]) == ["connection refused"]
    assert facts["latency_ms"]["p50"] is None


def load(*arguments):
    ended = run_module("serving.load", "--seconds", "0.3", *map(str, arguments))
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("signature", ["serving_default", "ragged", "encode", "similar"])
def test_a_served_model(server, signature):
    flags = ("--url", server.url, "--model", "ranked", "--signature", signature)
    facts = load(*flags, "--length", 3, "--concurrency", 2)
    assert facts["answered"] == facts["requests"] > 0
    assert facts["errors"] == {}


def test_bodies_name_the_inputs_that_have_defaults(server):
    with Recommender(server.url, "optional") as recommender:
        for signature in ("serving_default", "ragged"):
            (body,) = request_bodies(recommender, signature, [[9]])
            document = json.loads(body)
            assert document["signature_name"] == signature
            assert document["inputs"]["boost"] == [0.25, 0.5]
            answer = server.post("/v1/models/optional:predict", body).json()
            assert answer["outputs"]["scores"] == [[1.75, 1.625, 1.5]]


def test_ids_of_another_model(server, tmp_path):
    flags = ("--url", server.url, "--model", "strings", "--signature", "ragged")
    facts = load(*flags, "--ids", "tt1", "tt2", "--rate", 20, "--output", tmp_path)
    assert (facts["answered"], facts["loop"]) == (6, "open")
    assert json.loads((tmp_path / "load.json").read_text()) == facts
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "text"),
    [("h.jsonl", "[1, 2]\n\n[]\n[3]\n"), ("h.csv", "user,item,rating\na,1,5\nb,2,4\na,3,5\n")],
)
def test_histories_of_a_file(server, tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    facts = load("--url", server.url, "--model", "ranked", "--histories", path)
    assert facts["answered"] == facts["requests"] > 0


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["--url", "https://localhost"], "", "--url: expected http://HOST:PORT"),
        (["--url", "http://192.0.2.1:8501"], "", "--allow-remote if 192.0.2.1 is yours"),
        (["--url", "http://127.0.0.1:9"], "", "nothing answers at http://127.0.0.1:9"),
        (["--rate", "0"], "", "expected a number above 0. Received: '0'"),
        (["--output", "{folder}"], "", "{folder}/load.json exists; --force replaces it"),
        (["--histories", "{folder}/none"], "", "{folder}/none"),
        (["--histories", "{folder}/h"], "[1]\n{{\n", "h, line 2: expected a JSON list of ids"),
        (["--histories", "{folder}/h"], "[1.5]\n", "h, line 1: expected a JSON list of ids"),
        (["--histories", "{folder}/h"], "\n", "h: expected histories. Received: none"),
        (["--histories", "{folder}/h.csv"], "a,b\n", "expected the columns user and item"),
        (["--histories", "{folder}/h.csv"], "user,item\na\n", "h.csv, line 2: expected a user"),
        (["--histories", "{folder}/h.csv"], 'user,item\na,"1\nb,"2\n', "line 3 or before: expec"),
        (["--histories", "{folder}/h.csv"], 'user,item\na,"1\nb,2"\n', "line 3: expected a user"),
        (["--histories", "{folder}/h", "--ids", "1"], "[1]", "--histories or --ids"),
        (["--ids", "x"], "", "ids: expected 64-bit integers. Received: 'x'"),
        (["--signature", "text"], "", "with the signature 'text'. Received: signatures encode, "),
        (["--model", "none"], "", "Servable not found"),
    ],
)
def test_bad_input(server, tmp_path, arguments, text, message):
    for name in ("h", "h.csv"):
        (tmp_path / name).write_text(text.replace("{{", "{"))
    (tmp_path / "load.json").touch()
    flags = [argument.format(folder=tmp_path) for argument in arguments]
    ended = run_module("serving.load", "--url", server.url, "--model", "ranked", *flags)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1
    assert message.format(folder=tmp_path) in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("group", [False, True])
def test_interrupt(server, group):
    """The terminal's Ctrl-C goes to the workers too, `kill -INT` does not."""
    command = [sys.executable, "-m", "serving.load", "--url", server.url, "--model", "ranked"]
    process = subprocess.Popen(
        [*command, "--processes=2"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(children.read_text().split()) < 3:  # multiprocessing's own, and two
        time.sleep(0.05)
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    # Until the end of the file: the workers have ended as well.
    assert process.communicate(timeout=10)[1] == "error: interrupted; nothing is reported\n"
    assert process.returncode == 130


def threads(process: str) -> int:
    return len(list(Path(f"/proc/{process}/task").glob("*")))


def test_the_workers_end_with_a_killed_generator(server):
    command = [sys.executable, "-m", "serving.load", "--url", server.url, "--model", "ranked"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    # A worker that listens and sends has threads; one that is only starting may complain.
    while not any(threads(child) > 1 for child in children.read_text().split()):
        time.sleep(0.05)
    process.kill()
    assert process.communicate(timeout=10)[1] == b""
