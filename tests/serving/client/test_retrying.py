"""Retries, through proxies that fail as they are told before they pass requests on."""

import http.client
import threading
import time
from concurrent import futures
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from helpers.processes import free_port

from serving.client import Recommender, RequestError, Retries
from serving.client.transports.forms import vector
from serving.client.transports.retrying import ask_repeatedly
from serving.client.transports.transport import Signature
from serving.client.transports.wire import PredictRequest, PredictResponse
from serving.protocol.status import Code

QUICK = Retries(attempts=4, first_wait=0.01)


@contextmanager
def flaky_proxy(url, failures):
    """A front of a server; every request takes one failure off the list until none is left.

    A failure is a status, or `None` to close the connection without an answer.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        requests = 0

        def answer(self):
            type(self).requests += 1
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if not failures:
                self.pass_on(body)
            elif (failure := failures.pop(0)) is None:
                self.close_connection = True
            else:
                self.reply(failure, b'{"error": "not now"}')

        do_GET = do_POST = answer  # noqa: N815

        def pass_on(self, body):
            with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as behind:
                behind.request(self.command, self.path, body)
                response = behind.getresponse()
                self.reply(response.status, response.read())

        def reply(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", Handler
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()


@pytest.mark.parametrize("failures", [[503, 429, 504], [None], [None, 503, None]])
def test_passing_failures_are_not_seen(server, failures):
    expected = 1 + 1 + len(failures)  # the signatures, the histories, the failures
    with flaky_proxy(server.url, failures) as (url, handler):
        answers = Recommender(url, retries=QUICK).recommend([[1]])
        assert answers[0][0].id == 2
        assert handler.requests == expected


@pytest.mark.parametrize("status", [400, 404, 500, 501])
def test_other_failures_are_not_retried(server, status):
    with flaky_proxy(server.url, [status]) as (url, handler):
        with pytest.raises(RequestError, match=f"HTTP {status}: not now"):
            Recommender(url, retries=QUICK).recommend([[1]])
        assert handler.requests == 1


def test_attempts_are_bounded(server):
    with flaky_proxy(server.url, [503] * 9) as (url, handler):
        with pytest.raises(RequestError, match="HTTP 503: not now") as raised:
            Recommender(url, retries=QUICK).recommend([[1]])
        assert raised.value.code == Code.UNAVAILABLE
        assert handler.requests == 4


def failing(code, retry_after=0.0, answers_after=99):
    """A function that fails so many times, and the seconds that each call was allowed."""
    allowed = []

    def ask(timeout):
        allowed.append(timeout)
        if len(allowed) > answers_after:
            return "answer"
        raise RequestError("no", code, retry_after)

    return ask, allowed


def test_waits_double_with_jitter():
    waits = []
    ask, allowed = failing(Code.UNAVAILABLE)
    retries = Retries(attempts=6, first_wait=1.0, longest_wait=4.0)
    with pytest.raises(RequestError):
        ask_repeatedly(retries, 30.0, ask, sleep=waits.append)
    assert len(allowed) == 6
    for wait, longest in zip(waits, [1, 2, 4, 4, 4], strict=True):
        assert longest / 2 <= wait <= longest
    assert len(set(waits)) > 1


def test_total_time_is_bounded():
    started = time.monotonic()
    ask, allowed = failing(Code.UNAVAILABLE)
    retries = Retries(attempts=1000, seconds=0.3, first_wait=0.1, longest_wait=0.1)
    with pytest.raises(RequestError):
        ask_repeatedly(retries, 30.0, ask)
    assert time.monotonic() - started < 0.5
    # Waits are 0.05 to 0.1 seconds long.
    assert 3 <= len(allowed) <= 7
    assert allowed[0] == 30.0 and all(timeout <= 0.3 for timeout in allowed[1:])


def test_the_server_says_when():
    waits = []
    ask, _ = failing(Code.RESOURCE_EXHAUSTED, retry_after=7.0, answers_after=1)
    assert ask_repeatedly(Retries(), 30.0, ask, sleep=waits.append) == "answer"
    assert waits == [7.0]


def test_a_first_attempt_may_take_longer_than_retries():
    ask, allowed = failing(Code.UNAVAILABLE, answers_after=0)
    assert ask_repeatedly(Retries(seconds=1.0), 60.0, ask) == "answer"
    assert allowed == [60.0]


def test_no_answer_in_time(server):
    recommender = Recommender(server.url, model="zoo", timeout=0.2, retries=Retries(attempts=1))
    with pytest.raises(RequestError, match="no answer in time") as raised:
        recommender.transport.predict("slow", {"steps": vector([400_000])})
    assert raised.value.code == Code.DEADLINE_EXCEEDED


def test_grpc_server_that_comes_back():
    """A channel that failed reconnects while the retries last."""
    grpc = pytest.importorskip("grpc")
    calls = []

    def predict(request, context):
        calls.append(request.model_spec.name)
        if len(calls) == 1:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "not now")
        return PredictResponse()

    handler = grpc.unary_unary_rpc_method_handler(
        predict, PredictRequest.FromString, lambda message: message.SerializeToString()
    )
    service = grpc.method_handlers_generic_handler(
        "tensorflow.serving.PredictionService", {"Predict": handler}
    )
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[service])
    port = free_port()
    recommender = Recommender(
        f"grpc://127.0.0.1:{port}", "m", retries=Retries(attempts=50, seconds=10, longest_wait=0.2)
    )
    recommender.transport.signatures = {"s": Signature({}, {})}

    def start():
        time.sleep(0.7)
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()

    threading.Thread(target=start).start()
    assert recommender.transport.predict("s", {}) == {}
    assert calls == ["m", "m"]
    recommender.close()
    server.stop(0)
