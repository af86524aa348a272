"""Ctrl-C: one line and exit code 130, whenever it comes, and nothing left behind."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, environment

WAIT_SECONDS = 60


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def assert_interrupted(process: subprocess.Popen, what: str = "error: interrupted") -> None:
    """The process was sent SIGINT; its own noise before, such as TensorFlow's, does not count."""
    out, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == what and "Traceback" not in err
    assert out == ""


def wait_for(happened, process: subprocess.Popen) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.005)


def imports_tensorflow(process: subprocess.Popen) -> bool:
    return "tensorflow" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["serving.client", "1"],
        ["serving.client", "--similar", "1"],
        ["serving.rollout", "--config={config}", "--model=m", "--canary=1"],
        ["serving.load", "--seconds=1"],
    ],
)
def test_while_a_server_is_silent(arguments, tmp_path):
    config = tmp_path / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{tmp_path}" '
        'model_platform: "tensorflow" } }'
    )
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        flags = [argument.format(config=config) for argument in arguments]
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = start("-m", *flags, "--url", url)
        connection, _ = listener.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            load = "; nothing is reported" if "load" in arguments[0] else ""
            assert_interrupted(process, f"error: interrupted{load}")


@pytest.mark.parametrize("module", ["serving", "serving.deploy"])
def test_while_tensorflow_is_imported(module, models, tmp_path):
    flags = {
        "serving": [f"--model_base_path={models}/plain", "--rest_api_port=0"],
        "serving.deploy": [f"--models={models}", f"--output={tmp_path}/deploy"],
    }
    process = start("-m", module, *flags[module])
    wait_for(lambda: imports_tensorflow(process), process)
    process.send_signal(signal.SIGINT)
    assert_interrupted(process)
    assert list(tmp_path.iterdir()) == []


class TestDestructors:
    """An exception that comes up in a destructor is swallowed: Ctrl-C must not be."""

    PRELUDE = """
import os, signal, sys
from serving.command import run_command
from serving.interrupts import end_at_once, unwinding

class Interrupting:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        for _ in range(1000):  # the handler runs in here
            pass

def spin(number):
    Interrupting(number)
    while True:
        pass
"""

    def test_a_command_ends(self):
        code = f"{self.PRELUDE}\nend_at_once()\nrun_command(lambda: spin(signal.SIGINT))"
        assert_interrupted(start("-c", code))

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_what_must_be_undone_is_undone_once(self, number):
        code = f"""{self.PRELUDE}
def command():
    with unwinding():
        try:
            spin({int(number)})
        finally:
            os.kill(os.getpid(), signal.SIGINT)  # somebody in a hurry
            print("undone", file=sys.stderr)

end_at_once()
run_command(command)
"""
        process = start("-c", code)
        out, err = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 128 + number, err
        assert err.splitlines() == ["undone", *["error: interrupted"] * (number == signal.SIGINT)]

    def test_other_exceptions_in_destructors_are_printed(self):
        code = f"""{self.PRELUDE}
class Broken:
    def __del__(self):
        raise ValueError("mine")

with unwinding():
    Broken()
"""
        process = start("-c", code)
        _, err = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0 and err.endswith("ValueError: mine\n")


def test_the_handler_need_not_run():
    """A call that began a moment before the signal came would hold a handler in Python up."""
    code = """
import os, signal, threading, time
from serving.interrupts import end_at_once

end_at_once()
# Another thread takes the signal: what the main thread waits for goes on.
threading.Thread(target=lambda: (time.sleep(0.2), signal.pthread_kill(
    threading.get_ident(), signal.SIGINT))).start()
os.read(os.pipe()[0], 1)
"""
    assert_interrupted(start("-c", code))


def test_what_is_deferred_is_finished_first():
    code = """
import os, signal, sys, time
from serving.interrupts import deferred, end_at_once

end_at_once()
with deferred(signal.SIGINT):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.3)
    print("finished", file=sys.stderr)
time.sleep(30)
"""
    process = start("-c", code)
    _, err = process.communicate(timeout=WAIT_SECONDS)
    assert (process.returncode, err) == (130, "finished\nerror: interrupted\n")


def test_a_command_that_is_started_with_ctrl_c_ignored_goes_on():
    code = """
import os, signal
from serving.interrupts import end_at_once, unwinding

end_at_once()
with unwinding():
    os.kill(os.getpid(), signal.SIGINT)
    print("goes on")
"""
    process = start(
        "-c",
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        f"os.execv(sys.executable, [sys.executable, '-c', {code!r}])",
    )
    assert process.communicate(timeout=WAIT_SECONDS) == ("goes on\n", "")
