"""The gRPC server as a part of the process: health, counts, end, flags."""

import contextlib
import signal
import socket
import threading
import time

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from helpers.grpc_tools import (
    SECONDS,
    arrays,
    connect,
    floats,
    predict,
    predict_request,
    refused,
)
from helpers.processes import free_port, run_module
from helpers.raw_http import connect as http_connect
from helpers.raw_http import request as http_request


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService"])
def test_health(served, service):
    request = health_pb2.HealthCheckRequest(service=service)
    response = served.health.Check(request, timeout=SECONDS)
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_grpc_requests_are_counted(served):
    predict(served, "half", {"x": floats(1)})
    text = served.server.get("/metrics").text
    assert 'API="Predict",entrypoint="GRPC",le="+Inf",model_name="half"' in text


def test_the_graph_of_a_client_who_gave_up_is_cancelled(served):
    request = predict_request("zoo", {"steps": np.array([2**40])}, "slow")
    with pytest.raises(grpc.RpcError) as caught:
        served.prediction.Predict(request, timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    until = time.monotonic() + SECONDS
    # The one request under way is then that for the metrics.
    while "requests_in_flight 1.0" not in (text := served.server.get("/metrics").text):
        assert time.monotonic() < until, text


def test_no_health_service_unless_asked_for_and_stopping(start_server, model_root):
    port = free_port()
    flags = ("--model_name=m", f"--model_base_path={model_root}/zoo", f"--port={port}")
    server, clients, answers = start_server(*flags), connect(port), []
    refused(
        clients.health.Check,
        health_pb2.HealthCheckRequest(),
        grpc.StatusCode.UNIMPLEMENTED,
        "",
    )

    def count():
        response = predict(clients, "m", {"steps": np.array([400_000])}, "slow")
        answers.append(arrays(response))

    request = threading.Thread(target=count)
    request.start()
    time.sleep(0.5)
    assert request.is_alive(), "the request must still be under way when the signal comes"
    assert server.stop(signal.SIGTERM) == 0
    request.join()
    assert answers == [{"steps": 400_000}]


def test_stopping_is_known_at_once_and_does_not_wait_for_ever(start_server, model_root):
    port = free_port()
    model = f"--model_base_path={model_root}/zoo"
    flags = ("--model_name=m", model, f"--port={port}", "--drain_seconds=8")
    server = start_server(*flags, "--enable_grpc_healthcheck_service")
    clients, other, seen, answers = connect(port), connect(port), [], []

    def watch():
        with contextlib.suppress(grpc.RpcError):
            for response in clients.health.Watch(health_pb2.HealthCheckRequest()):
                seen.append(response.status)

    def count():
        answers.append(arrays(predict(clients, "m", {"steps": np.array([40_000])}, "slow")))

    threads = [threading.Thread(target=watch), threading.Thread(target=count)]
    with http_connect(server.url) as upload:
        upload.sendall(http_request("POST", "/v1/models/m:predict", b"{}")[:-1])
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        for channel in (clients, other):
            response = channel.health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
            assert response.status == health_pb2.HealthCheckResponse.NOT_SERVING
            request = predict_request("m", {"x": floats(1)})
            refused(channel.prediction.Predict, request, grpc.StatusCode.UNAVAILABLE, "stopping")
        assert (server.process.communicate(timeout=20)[0], server.process.returncode) == ("", 0)
    for thread in threads:
        thread.join()
    assert answers == [{"steps": 40_000}]
    assert seen == [
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]


def test_port_taken(model_root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = ("--rest_api_port=0", f"--model_base_path={model_root}/half", f"--port={port}")
        ended = run_module("serving", *flags)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: --port: cannot listen on 127.0.0.1 ")


@pytest.mark.parametrize("arguments", ["grpc.a", "=1"])
def test_bad_channel_arguments(arguments):
    ended = run_module("serving", f"--grpc_channel_arguments={arguments}")
    assert ended.returncode == 2
    assert f"expected KEY=VALUE,... Received: '{arguments}'" in ended.stderr
