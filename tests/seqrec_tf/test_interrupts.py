"""Signals end a command at once, whatever it does, and what it had begun is gone."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.processes import REPOSITORY

WAIT_SECONDS = 60
PRELUDE = """
import os, pathlib, signal, subprocess, sys, threading, time
from seqrec_tf import interrupts
from seqrec_tf.command import run_command

def ready():
    print("ready", flush=True)
"""


def run(code: str) -> tuple[str, str]:
    """What a process with the prelude says on stdout and stderr."""
    return begin(code).communicate(timeout=WAIT_SECONDS)


def start(code: str, *arguments: object) -> subprocess.Popen:
    """A process with the prelude, which is ready to be interrupted."""
    process = begin(code, *arguments)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def begin(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_ended(process: subprocess.Popen, number: int = signal.SIGINT) -> None:
    out, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 128 + number, err
    assert (out, err) == ("", "error: interrupted\n" * (number == signal.SIGINT))


STUCK = {
    "in_a_call": "ready(); time.sleep(1000)",
    "in_a_destructor": """
class Waiting:
    def __del__(self):
        ready()
        while True: pass
Waiting()
""",
    "where_everything_is_caught": """
ready()
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
    "in_a_lock": "lock = threading.Lock(); lock.acquire(); ready(); lock.acquire()",
    "with_another_thread_at_work": """
def work():
    while True: pass
threading.Thread(target=work).start()
ready()
time.sleep(1000)
""",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stuck", STUCK)
def test_it_ends_wherever_it_is(stuck, number):
    process = start(f"with interrupts.end_at_once():\n    exec({STUCK[stuck]!r}, globals())")
    process.send_signal(number)
    assert_ended(process, number)


def test_what_was_begun_is_removed_and_what_is_worth_keeping_is_not(tmp_path):
    code = """
from pathlib import Path
from seqrec_tf.folders import hidden_folder, temporary_folder
output = Path(sys.argv[1])
with interrupts.end_at_once():
    interrupts.made([output / "models"])
    (output / "models").mkdir()
    for name in ("run", "kept"):
        (output / name).mkdir()
        interrupts.begun(output / name, unless="state.json")
    (output / "kept/state.json").touch()
    (output / "nested/checkpoint/trials/0").mkdir(parents=True)
    (output / "nested/checkpoint/trials/0/state.json").touch()
    interrupts.begun(output / "nested", unless="checkpoint/**/state.json")
    (output / "published").mkdir()
    interrupts.begun(output / "published")
    interrupts.finished(output / "published")
    with hidden_folder(output, ".hidden-") as one, temporary_folder("t", output) as other:
        (one / "inner").mkdir()
        (other / "file").touch()
        ready()
        while True:  # as somebody who writes on does
            (one / "inner" / str(time.time())).touch()
"""
    process = start(code, tmp_path)
    process.send_signal(signal.SIGINT)
    assert_ended(process)
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "nested", "published"}


def test_somebody_in_a_hurry_changes_nothing(tmp_path):
    code = """
from seqrec_tf.folders import temporary_folder
with interrupts.end_at_once(), temporary_folder("t", pathlib.Path(sys.argv[1])) as folder:
    for number in range(2000):
        (folder / str(number)).touch()
    ready()
    time.sleep(1000)
"""
    process = start(code, tmp_path)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.002)
    assert_ended(process)
    assert list(tmp_path.iterdir()) == []


def test_what_is_deferred_is_finished_first(tmp_path):
    code = """
with interrupts.end_at_once():
    with interrupts.deferred(), interrupts.deferred():
        ready()
        time.sleep(0.5)
        pathlib.Path(sys.argv[1], "finished").touch()
    pathlib.Path(sys.argv[1], "more").touch()
    time.sleep(1000)
"""
    process = start(code, tmp_path)
    process.send_signal(signal.SIGINT)
    assert_ended(process)
    assert [path.name for path in tmp_path.iterdir()] == ["finished"]


def test_processes_that_were_started_end_without_a_line_of_their_own(tmp_path):
    """As on a terminal, which sends Ctrl-C to all of them."""
    code = """
from seqrec_tf.processes import running
child = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w')); time.sleep(1000)"
with interrupts.end_at_once(), running([sys.executable, "-c", child, sys.argv[1]]):
    while not pathlib.Path(sys.argv[1]).exists() or not pathlib.Path(sys.argv[1]).read_text():
        time.sleep(0.01)
    ready()
    time.sleep(1000)
"""
    process = start(f"os.setsid()\n{code}", tmp_path / "pid")
    os.killpg(process.pid, signal.SIGINT)
    assert_ended(process)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_first_may_mean_something_else():
    code = """
heard = threading.Event()
with interrupts.end_at_once():
    stop = interrupts.once(heard.set)
    os.kill(os.getpid(), signal.SIGINT)
    heard.wait()
    ready()
    time.sleep(1000)
"""
    process = start(code)
    process.send_signal(signal.SIGINT)
    assert_ended(process)


def test_without_a_command_ctrl_c_is_pythons():
    code = """
heard = []
stop = interrupts.once(lambda: heard.append(1))
signal.raise_signal(signal.SIGINT)
assert heard == [1]
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run(code) == ("interrupted\n", "")


def test_what_is_started_with_ctrl_c_ignored_goes_on():
    code = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
with interrupts.end_at_once():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
print("goes on")
"""
    assert run(code) == ("goes on\n", "")


def test_afterwards_signals_are_the_callers_again():
    code = """
handlers = [signal.getsignal(number) for number in interrupts.NUMBERS]
with interrupts.end_at_once():
    pass
assert handlers == [signal.getsignal(number) for number in interrupts.NUMBERS]
assert signal.set_wakeup_fd(-1) == -1
"""
    assert run(code) == ("", "")
