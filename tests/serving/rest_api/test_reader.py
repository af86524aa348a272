"""Large requests are read in another process: the same answers, the same errors, and an end."""

import gzip
import threading
import time

import numpy as np
import pytest
import requests

from serving.inference.deadline import Deadline, run_until
from serving.inference.limits import Limits
from serving.protocol.errors import ServingError, TooLarge, not_found
from serving.rest_api.reader import Reader
from serving.rest_api.reading import Model, read_request

LIMITS = Limits(body_bytes=10_000_000)
MODEL = Model({"serving_default": {"x": "DT_INT64"}, "text": {"t": "DT_STRING", "f": "DT_FLOAT"}})
GONE = Model({}, not_found("no such model"))
ROWS = b'{"instances": [[1, 2], [3, 4]]}'
TEXT = b'{"signature_name": "text", "inputs": {"t": ["a", "", "\xff", {"b64": "AAE="}], "f": 1}}'
EXAMPLES = b'{"examples": [{"\xff": 1}, {"b": "x"}]}'


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize(
    ("operation", "body", "encoding"),
    [
        ("predict", ROWS, ""),
        ("predict", gzip.compress(ROWS, mtime=0), "gzip"),
        ("predict", TEXT, ""),
        ("predict", b'{"inputs": []}', ""),
        ("predict", b'{"inputs": [%s1]}' % (b"1," * 500_000), ""),
        ("predict", b'{"signature_name": "text", "inputs": {"t": [], "f": []}}', ""),
        ("predict", b'{"unknown": %s, "inputs": 1}' % (b"[" * 10_000 + b"]" * 10_000), ""),
        ("classify", EXAMPLES, ""),
    ],
)
def test_what_is_read(reader, operation, body, encoding):
    expected = read_request(operation, body, encoding, LIMITS, MODEL)
    asked = reader.read(operation, [body[:7], b"", body[7:]], encoding, LIMITS, MODEL)
    assert (asked.signature, asked.rows) == (expected.signature, expected.rows)
    assert asked.feeds.keys() == expected.feeds.keys()
    for alias, tensor in asked.feeds.items():
        assert tensor.shape == expected.feeds[alias].shape
        assert tensor.values.dtype == expected.feeds[alias].values.dtype
        np.testing.assert_array_equal(tensor.values, expected.feeds[alias].values)


@pytest.mark.parametrize(
    ("body", "encoding", "model"),
    [
        (b'{"instances": [1, x]}', "", MODEL),
        (b"", "", MODEL),
        (b"[" * 100_000, "", MODEL),
        (ROWS, "gzip", MODEL),
        (gzip.compress(ROWS, mtime=0)[:-9], "gzip", MODEL),
        (gzip.compress(bytes(20_000_000)), "gzip", MODEL),
        (b'{"signature_name": "\xff", "inputs": 1}', "", MODEL),
        (ROWS, "", GONE),
        # The document is read before the model is looked for.
        (b"x", "", GONE),
    ],
)
def test_errors_are_the_same(reader, body, encoding, model):
    with pytest.raises(ServingError) as expected:
        read_request("predict", body, encoding, LIMITS, model)
    with pytest.raises(ServingError) as caught:
        reader.read("predict", [body], encoding, LIMITS, model)
    assert type(caught.value) is type(expected.value)
    assert (caught.value.code, caught.value.message) == (
        expected.value.code,
        expected.value.message,
    )
    assert isinstance(caught.value, TooLarge) == (body[:2] == b"\x1f\x8b" and len(body) > 1000)


def test_the_process_comes_back(reader):
    reader.read("predict", [ROWS], "", LIMITS, MODEL)
    reader._process.kill()
    reader._process.wait()
    assert reader.read("predict", [ROWS], "", LIMITS, MODEL).rows
    deadline, errors = Deadline(), []

    def read():
        try:
            lists = b'{"inputs": [%s1]}' % (b"[]," * 3_000_000)
            run_until(deadline, reader.read, "predict", [lists], "", LIMITS, MODEL)
        except ServingError as error:
            errors.append(error.code.name)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.2)
    deadline.end()
    thread.join(20)
    assert errors == ["RESOURCE_EXHAUSTED"]
    assert reader.read("predict", [ROWS], "", LIMITS, MODEL).rows


# Made when a test wants them, not when tests are collected.
WORST = {
    "numbers": lambda: b'{"inputs": [' + b"1," * 4_000_000 + b"x",
    "strings": lambda: b'{"inputs": [' + b'"",' * 3_000_000 + b"x",
    "brackets": lambda: b'{"inputs": ' + b"[" * 3_000_000,
    "gzip": lambda: gzip.compress(b'{"inputs": [' + b"[]," * 3_000_000 + b"x", 1),
    "bomb": lambda: gzip.compress(bytes(256 * 2**20), 1),
}


@pytest.mark.parametrize("name", WORST)
def test_others_go_on(server, name):
    """While the worst bodies are read, nobody waits until they are."""
    body = WORST[name]()
    headers = {"Content-Encoding": "gzip"} if name in ("gzip", "bomb") else {}
    url, statuses = f"{server.url}/v1/models/half:predict", []
    thread = threading.Thread(
        target=lambda: statuses.append(
            requests.post(url, data=body, headers=headers, timeout=60).status_code
        )
    )
    longest = 0.0
    with requests.Session() as session:
        session.get(f"{server.url}/livez")
        thread.start()
        while thread.is_alive():
            started = time.perf_counter()
            assert session.get(f"{server.url}/livez", timeout=30).text == "ok"
            longest = max(longest, time.perf_counter() - started)
            assert session.post(url, json={"inputs": [1]}).json() == {"outputs": [2.5]}
    assert statuses == [413 if name == "bomb" else 400]
    # `tests/benchmarks/serving_worst_bodies.py` measures it; reading them took seconds of all.
    assert longest < 2, longest
