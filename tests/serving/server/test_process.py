"""The server as a process: bad starts end in one line and exit code 2, signals in exit code 0."""

import signal
import socket
import threading
import time

import pytest
from helpers.processes import run_module


def assert_refused(ended, message: str) -> None:
    assert ended.returncode == 2, ended.stderr
    # TensorFlow's C++ may log above it, once it had to be imported.
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    assert message in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model_base_path={root}/none"], "base path {root}/none does not exist"),
        (["--model_base_path=file://localhost{root}/none"], "base path {root}/none does not exist"),
        (["--model_base_path=s3://models"], "a base path on this machine or a file:// URI"),
        (["--model_base_path={root}"], "no version in base path {root}"),
        (["--rest_api_port=x"], "Received: 'x'"),
        (["--rest_api_port", "65536"], "Received: '65536'"),
        (["--rest_api_num_threads=0"], "Received: '0'"),
        (["--rest-api-port=0"], "unrecognized arguments"),
        (["--model_config_file={root}/none"], "{root}/none"),
        (["--model_base_path={root}/half", "--rest_api_address=192.0.2.1"], "cannot listen"),
    ],
)
def test_bad_flags(model_root, flags, message):
    ended = run_module("serving", *[flag.format(root=model_root) for flag in flags])
    assert_refused(ended, message.format(root=model_root))


def test_port_in_use(model_root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = [f"--rest_api_port={port}", f"--model_base_path={model_root}/half"]
        assert_refused(run_module("serving", *flags), f"port {port} (Address already in use)")


def test_not_a_saved_model(tmp_path):
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "saved_model.pb").write_bytes(b"nonsense")
    flags = ["--rest_api_port=0", "--model_name=m", f"--model_base_path={tmp_path}"]
    message = f"model 'm' version 3: {tmp_path}/3 cannot be loaded"
    assert_refused(run_module("serving", *flags), message)


def test_a_start_with_folders_that_cannot_be_read(start_server, model_root, tmp_path):
    """A version in a loop of links, and a model: the others are served."""
    (tmp_path / "half").mkdir()
    (tmp_path / "half/1").symlink_to(model_root / "half/1")
    for loop in (tmp_path / "half/2", tmp_path / "loop"):
        loop.symlink_to(loop)
    entries = [
        f'config {{ name: "{name}" base_path: "{tmp_path}/{name}" model_platform: "tensorflow" }}'
        for name in ("loop", "half")
    ]
    (tmp_path / "models.config").write_text(f"model_config_list {{ {' '.join(entries)} }}")
    running = start_server(f"--model_config_file={tmp_path}/models.config")
    answer = running.post("/v1/models/half:predict", {"instances": [1.0]})
    assert answer.json() == {"predictions": [2.5]}
    two, one = running.get("/v1/models/half").json()["model_version_status"]
    assert (two["state"], one["state"]) == ("END", "AVAILABLE")
    assert "Too many levels of symbolic links" in two["status"]["error_message"]
    assert running.get("/v1/models/loop").status_code == 404
    assert running.get("/readyz").status_code == 503
    assert running.stop() == 0


def test_a_signal_finishes_requests_under_way(start_server, model_root):
    running = start_server("--model_name", "m", "--model_base_path", str(model_root / "zoo"))
    answers = []
    body = {"signature_name": "slow", "inputs": [400_000]}
    request = threading.Thread(
        target=lambda: answers.append(running.post("/v1/models/m:predict", body).json())
    )
    request.start()
    time.sleep(0.5)
    assert request.is_alive(), "the request must still be under way when the signal comes"
    assert running.stop(signal.SIGINT) == 0
    request.join()
    assert answers == [{"outputs": 400_000}]
