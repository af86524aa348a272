"""Calls that have ended before they begin never begin; order is what is measured, not seconds."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import grpc
import numpy as np
import pytest
import requests
from google.protobuf.message import Message
from helpers.grpc_tools import connect, example, predict_request
from starlette.requests import ClientDisconnect
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.grpc_api.prediction_service import PredictionService
from serving.inference.deadline import DEADLINE, Deadline, Ended, run_until
from serving.inference.servable import Signature
from serving.inference.tensor import Tensor
from serving.metrics import Metrics
from serving.models.registry import Registry, State, Version
from serving.models.versions import VersionDirectory
from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.rest_api.disconnect import while_connected
from serving.rest_api.workers import Workers

SECONDS = 30


class Recording:
    """Stands for a loaded model; remembers the numbers it was asked, and waits for 0."""

    name, version = "m", 1
    definitions = {name: meta_graph_pb2.SignatureDef() for name in ("serving_default", "other")}
    signatures = {
        "serving_default": Signature({"x": "DT_INT64"}, {"y": "DT_INT64"}),
        "classes": Signature({"inputs": "DT_STRING"}, {"scores": "DT_FLOAT"}),
        "value": Signature({"inputs": "DT_STRING"}, {"outputs": "DT_FLOAT"}),
    }

    def __init__(self):
        self.ran = []
        self.proceed = threading.Event()

    def run(self, signature_name, feeds, wanted=None):
        number = int(feeds["x"].values[0]) if "x" in feeds else signature_name
        self.ran.append(number)
        if number == 0:
            assert self.proceed.wait(SECONDS)
        return {"y": Tensor(np.array([number]), (1,))}


@pytest.fixture
def serving():
    """A gRPC server with one thread, which is held up; its clients and its model."""
    model, registry = Recording(), Registry()
    directory = VersionDirectory("m", 1, Path("/m/1"))
    registry.record(Version(directory, State.AVAILABLE, model=model))
    server = grpc.server(ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(registry, Metrics()), server
    )
    clients = connect(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    holding = clients.prediction.Predict.future(asked(0))
    wait_until(lambda: model.ran == [0])
    yield SimpleNamespace(prediction=clients.prediction, model=model, holding=holding)
    model.proceed.set()
    server.stop(0).wait()


def asked(number: int) -> Message:
    return predict_request("m", {"x": np.array([number])})


def with_examples(request: Message, signature: str) -> Message:
    request.model_spec.name, request.model_spec.signature_name = "m", signature
    request.input.example_list.examples.append(example(x=[1.0]))
    return request


def several() -> Message:
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.append(example(x=[1.0]))
    for signature, kind in (("classes", "classify"), ("value", "regress")):
        task = request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.name, task.model_spec.signature_name = "m", signature
    return request


def metadata() -> Message:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "m"
    return request


REQUESTS = {
    "Predict": lambda: asked(1),
    "Classify": lambda: with_examples(classification_pb2.ClassificationRequest(), "classes"),
    "Regress": lambda: with_examples(regression_pb2.RegressionRequest(), "value"),
    "MultiInference": several,
    "GetModelMetadata": metadata,
}


def wait_until(condition) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def ended(call) -> bool:
    return call.done() and call.code() in (
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )


@pytest.mark.parametrize("how", ["cancelled", "deadline", "tiny deadline", "gone at once"])
def test_waiting_grpc_calls(serving, how):
    seconds = {"deadline": 0.3, "tiny deadline": 0.001}.get(how)
    calls = []
    for method, make in REQUESTS.items():
        for _ in range(6):
            calls.append(getattr(serving.prediction, method).future(make(), timeout=seconds))
            if how == "gone at once":
                calls[-1].cancel()
    if how == "cancelled":
        time.sleep(0.2)
        for call in calls:
            call.cancel()
    wait_until(lambda: all(map(ended, calls)))
    good = serving.prediction.Predict.future(asked(7))
    serving.model.proceed.set()
    assert good.result(SECONDS).model_spec.version.value == 1
    assert serving.model.ran == [0, 7]


class Context:
    """A call that ended before anybody could be told: `add_callback` comes too late."""

    def __init__(self, seconds: float, is_told: bool):
        self._seconds, self._is_told = seconds, is_told

    def time_remaining(self) -> float:
        return self._seconds

    def add_callback(self, callback) -> bool:
        return self._is_told

    def abort(self, code, details):
        raise grpc.RpcError(code)


@pytest.mark.parametrize(("seconds", "is_told"), [(0.0, True), (SECONDS, False), (0.0, False)])
def test_a_grpc_call_that_ends_as_it_gets_its_thread(seconds, is_told):
    model, registry = Recording(), Registry()
    directory = VersionDirectory("m", 1, Path("/m/1"))
    registry.record(Version(directory, State.AVAILABLE, model=model))
    service = PredictionService(registry, Metrics())
    for method, make in REQUESTS.items():
        with pytest.raises(grpc.RpcError, match="CANCELLED"):
            getattr(service, method)(make(), Context(seconds, is_told))
    assert model.ran == []


def test_several_graphs_of_one_call():
    """The second is not begun when the call ends during the first."""
    deadline, ran = Deadline(), []

    def first_and_second():
        for number in (1, 2):
            run_until(deadline, ran.append, number)
            deadline.end()

    with pytest.raises(Ended):
        first_and_second()
    assert ran == [1]


def test_waiting_rest_requests():
    """They time out, or their clients go away, while the only thread is held up."""
    ran, proceed = [], threading.Event()

    def work(number: int, *_):
        ran.append(number)
        return proceed.wait(SECONDS) if number == 0 else number

    async def gone() -> dict:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def stays() -> dict:
        await asyncio.sleep(SECONDS)

    async def ask() -> list:
        workers = Workers(1, seconds=SECONDS)
        brief = Workers(1, seconds=0.1)
        brief._pool = workers._pool
        holding = asyncio.ensure_future(workers.run(work, 0))
        calls = [while_connected(gone, workers.run(work, number)) for number in range(1, 20)]
        calls += [while_connected(stays, brief.run(work, number)) for number in range(20, 40)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        last = asyncio.ensure_future(while_connected(stays, workers.run(work, 99)))
        await asyncio.sleep(0)
        proceed.set()
        assert await last == 99 and await holding
        return errors

    errors = asyncio.run(ask())
    assert {type(error).__name__ for error in errors[:19]} == {"ClientDisconnect"}
    assert {error.code for error in errors[19:]} == {Code.RESOURCE_EXHAUSTED}
    assert ran == [0, 99]


def test_a_running_rest_request_whose_client_goes_away_is_stopped():
    stopped = threading.Event()

    def work():
        DEADLINE.get().watch(stopped.set)
        assert stopped.wait(SECONDS)

    async def gone() -> dict:
        await asyncio.sleep(0.1)
        return {"type": "http.disconnect"}

    async def ask():
        await while_connected(gone, Workers(1).run(work))

    with pytest.raises(ClientDisconnect):
        asyncio.run(ask())
    assert stopped.wait(SECONDS)


def test_rest_clients_that_give_up_hold_nobody_up(server):
    """As many as wait for a thread close their connections, as every client does that times out."""
    url = f"{server.url}/v1/models"
    body = {"signature_name": "slow", "inputs": [2**40]}  # as long as the server lets it run

    def give_up(_):
        with pytest.raises(requests.Timeout):
            requests.post(f"{url}/zoo:predict", json=body, timeout=1)

    with ThreadPoolExecutor(24) as clients:
        list(clients.map(give_up, range(24)))
    started = time.monotonic()
    assert requests.post(f"{url}/half:predict", json={"inputs": [1]}).json() == {"outputs": [2.5]}
    # A request may take 30 seconds.
    assert time.monotonic() - started < 10


def test_time_that_nobody_has_told_is_over_all_the_same():
    deadline = Deadline(0.0)
    assert deadline.is_over
    with pytest.raises(ServingError, match="ended before it was run"):
        run_until(deadline, pytest.fail, "it ran")
    assert not Deadline(SECONDS).is_over and not Deadline().is_over
    with pytest.raises(Ended):
        run_until(Deadline(-1.0), pytest.fail, "it ran")
