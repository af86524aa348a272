"""The staging folder: private to a living exporter, swept up after a dead one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY

from export.artifact.staging import staging_folder
from seqrec_tf.errors import InputError

SECONDS = 60
# Stages in argv[1], says so, and waits for a line.
STAGER = """
import sys
from pathlib import Path
from export.artifact.staging import staging_folder

with staging_folder(Path(sys.argv[1])) as staging:
    (staging / "half").write_text("written")
    print(staging.name, flush=True)
    sys.stdin.readline()
    print((staging / "half").read_text())
"""


@pytest.fixture
def stager(tmp_path):
    """A process that stages in `tmp_path`."""
    with subprocess.Popen(
        [sys.executable, "-c", STAGER, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_goes_also_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), staging_folder(tmp_path / "models") as staging:
        (staging / "savedmodel").mkdir()
        raise RuntimeError
    assert names(tmp_path) == set()


def test_the_folder_of_a_living_exporter_stays(stager, tmp_path):
    theirs = stager.stdout.readline().strip()
    with staging_folder(tmp_path) as ours:
        assert names(tmp_path) == {theirs, ours.name}
    assert names(tmp_path) == {theirs}
    said, _ = stager.communicate("go on\n", timeout=SECONDS)
    assert (said, stager.returncode, names(tmp_path)) == ("written\n", 0, set())


def test_the_folder_of_a_killed_exporter_goes(stager, tmp_path):
    theirs = stager.stdout.readline().strip()
    stager.kill()
    stager.wait(SECONDS)
    assert names(tmp_path) == {theirs}
    with staging_folder(tmp_path) as ours:
        assert names(tmp_path) == {ours.name}


def test_what_only_looks_like_a_staging_folder_stays(tmp_path):
    (tmp_path / "mine/kept").mkdir(parents=True)
    (tmp_path / ".staging-link").symlink_to("mine")
    (tmp_path / ".staging-file").write_text("mine")
    with staging_folder(tmp_path):
        pass
    assert names(tmp_path) == {"mine", ".staging-link", ".staging-file"}
    assert names(tmp_path / "mine") == {"kept"}


def test_ten_exporters_do_not_sweep_each_other(tmp_path):
    """Each makes its folder while others sweep; what it wrote is there until it is done."""
    code = f"{STAGER}\nassert not staging.exists()\n"
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=REPOSITORY, **pipes) for _ in range(10)]
    said = [process.communicate(timeout=SECONDS)[0].splitlines()[1:] for process in started]
    assert said == [["written"]] * 10
    assert names(tmp_path) == set()


@pytest.mark.parametrize("below", ["file", "file/models"])
def test_an_output_that_is_a_file_is_refused(below, tmp_path):
    (tmp_path / "file").write_text("mine")
    output = tmp_path / below
    with pytest.raises(InputError, match=f"--output: {output}: expected a folder"):
        staging_folder(output).__enter__()


def test_an_output_that_is_read_only_is_refused(tmp_path, unprivileged):
    (tmp_path / "models").mkdir(mode=0o555)
    said = "models: expected a folder that can be written. Received: Permission denied."
    with unprivileged(tmp_path), pytest.raises(InputError, match=said):
        staging_folder(tmp_path / "models").__enter__()
    assert os.listdir(tmp_path / "models") == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device", "models/x"),
        OSError(122, "Disk quota exceeded"),
        RuntimeError("{{function_node f}} models/x.tmp; No space left on device [Op:SaveV2]"),
    ],
    ids=["os", "quota", "tensorflow"],
)
def test_a_full_disk_is_told_with_what_was_written(error, tmp_path):
    with pytest.raises(InputError) as caught, staging_folder(tmp_path) as staging:
        (staging / "half").write_bytes(bytes(1234))
        raise error
    assert str(caught.value).startswith(
        f"{tmp_path}: no space left, nothing was published. 1,234 bytes of the export were written"
    )
    assert str(caught.value).endswith(str(error).removeprefix("{{function_node f}} "))


def test_other_errors_are_left_alone(tmp_path):
    with pytest.raises(FileNotFoundError), staging_folder(tmp_path) as staging:
        (staging / "missing").read_text()
