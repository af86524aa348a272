"""Fixtures that all tests share."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, printed

# Linux hands `ru_maxrss` on to the processes that one starts; this counts from their own start.
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return 1024 * int(status.read().partition("VmHWM:")[2].split()[0])
"""

# A test run in the background is started with Ctrl-C ignored, and so would be the commands that
# the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Compressed bytes hold the time: as names they would differ from worker to worker."""
    if isinstance(val, bytes) and not val.isascii():
        return f"{argname}-{len(val)}"
    return None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with `ml-1m/` and `ml-100k/`: `$SEQREC_TEST_DATA`, or `../shared/data`.

    Without it tests are skipped, except under CI, where a skipped proof would go unnoticed.
    """
    folder = Path(os.environ.get("SEQREC_TEST_DATA") or REPOSITORY / "../shared/data").resolve()
    if not (folder / "ml-1m").is_dir() or not (folder / "ml-100k").is_dir():
        message = f"no MovieLens files: expected ml-1m and ml-100k in {folder} (SEQREC_TEST_DATA)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def in_a_process() -> Callable[..., object]:
    """Runs a script, which may ask `peak()` for its bytes of memory; gives the JSON it prints."""

    def run(script: str, *arguments: object) -> object:
        return json.loads(printed(PEAK + script, *arguments))

    return run


@pytest.fixture
def operations(monkeypatch) -> list[tuple]:
    """What is written through to the disk, and what is renamed to what, in order."""
    log = []
    really = {"fsync": os.fsync, "rename": os.rename, "replace": os.replace}

    def fsync(handle):
        log.append(("sync", Path(os.readlink(f"/proc/self/fd/{handle}"))))
        really["fsync"](handle)

    def rename(kind):
        def renamed(source, target):
            log.append(("rename", Path(source), Path(target)))
            really[kind](source, target)

        return renamed

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename("rename"))
    monkeypatch.setattr(os, "replace", rename("replace"))
    return log
