"""Requests beyond the server's limits, and requests that take too long, in a real process."""

import concurrent.futures
import gzip

import numpy as np
import pytest
import requests
from helpers.processes import run_module

from serving.inference.limits import Limits
from serving.inference.tensor import Tensor
from serving.protocol.errors import TooLarge


def tensor(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.int64).ravel(), shape)


def test_rows_and_lengths():
    limits = Limits(rows=3, history_length=5)
    limits.require_feeds({"x": tensor(3, 5), "k": tensor(), "y": tensor(3)})
    with pytest.raises(TooLarge, match="at most 3 rows in a request, but got: 4"):
        limits.require_feeds({"x": tensor(4, 1)})
    with pytest.raises(TooLarge, match="at most 5 items in a history, but got: 6"):
        limits.require_feeds({"x": tensor(1, 6)})


def test_ragged_histories_are_measured_one_by_one():
    limits = Limits(rows=2, history_length=5)
    splits = Tensor(np.array([0, 4, 9]), (3,))
    limits.require_feeds({"ids": tensor(9), "row_splits": splits})
    with pytest.raises(TooLarge, match="items in a history, but got: 6"):
        splits = Tensor(np.array([0, 6, 9]), (3,))
        limits.require_feeds({"ids": tensor(9), "row_splits": splits})


def test_lists_beside_histories_are_no_rows():
    limits = Limits(rows=3)
    limits.require_feeds({"ids": tensor(3, 1), "exclude_ids": tensor(50), "k": tensor()})
    for feeds in (
        {"ids": tensor(4)},
        {"ids": tensor(4, 0)},
        {"a": tensor(1, 1), "b": tensor(4, 1)},
    ):
        with pytest.raises(TooLarge, match="at most 3 rows"):
            limits.require_feeds(feeds)


def test_no_limits():
    Limits(body_bytes=0).require_body(10**12)
    Limits().require_feeds({"x": tensor(1000, 1000)})


@pytest.fixture(scope="module")
def narrow(model_root, start_server):
    running = start_server(
        *("--model_name", "m", "--model_base_path", str(model_root / "zoo")),
        *("--max_body_bytes=2000", "--max_rows=4", "--max_waiting_requests=2"),
        *("--rest_api_num_threads=2", "--rest_api_timeout_in_ms=4000"),
        "--rest_api_enable_cors_support",
    )
    yield running
    assert running.stop() == 0


PREDICT = "/v1/models/m:predict"


def test_bodies(narrow):
    large = narrow.post(PREDICT, b'{"instances": [1.0]}' + b" " * 2000)
    assert large.status_code == 413
    assert large.json() == {"error": "expected at most 2000 bytes in a request body, but got: 2020"}
    small = gzip.compress(b'{"instances": [1.0]}' + b" " * 100_000)
    url = narrow.url + PREDICT
    inflated = requests.post(url, data=small, headers={"Content-Encoding": "gzip"}, timeout=60)
    assert inflated.status_code == 413
    parts = requests.post(url, data=(b" " * 999 for _ in range(5)), timeout=60)
    assert parts.status_code == 413, "also if its length is not announced"


def test_rows(narrow):
    assert narrow.post(PREDICT, {"instances": [1.0] * 4}).status_code == 200
    assert narrow.post(PREDICT, {"instances": [1.0] * 5}).status_code == 413


def test_other_origins_may_ask(narrow):
    assert narrow.get("/v1/models/m").headers["access-control-allow-origin"] == "*"


def test_slow_requests_do_not_hold_up_the_others(narrow):
    """Two run, two wait, one is sent away; what runs is timed out, what waits is told so."""
    slow = {"signature_name": "slow", "inputs": [2**60]}
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: narrow.post(PREDICT, slow), range(5)))
    codes = sorted(answer.status_code for answer in answers)
    # One that waits may get a thread at the last moment.
    assert codes in ([429, 429, 503, 504, 504], [429, 503, 504, 504, 504], [503, *[504] * 4])
    assert narrow.get("/livez").text == "ok"
    # The two graphs would run for years; they were cancelled, or nobody could run now.
    assert narrow.post(PREDICT, {"instances": [1.0]}).json() == {"predictions": [2.5]}


def test_help_says_which_flags_are_not_tensorflow_servings():
    ended = run_module("serving", "--help")
    own = ended.stdout.split("not of TensorFlow Serving:")[1]
    assert "--max_body_bytes" in own and "--rest_api_port" not in own.split("examples:")[0]
