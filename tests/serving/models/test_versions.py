"""Version directories: which names count, and which version is newest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.models.model_config import ModelConfig, VersionPolicy
from serving.models.versions import find_unreadable, find_versions, require_versions
from serving.protocol.errors import InputError


def add(base_path: Path, *names: str, file: str = "saved_model.pb") -> None:
    for name in names:
        (base_path / name).mkdir()
        (base_path / name / file).touch()


def test_versions_newest_first(tmp_path):
    add(tmp_path, "2", "10", "007", "v3", "-1", "incoming", "9223372036854775808")
    add(tmp_path, "8", file="saved_model.pbtxt")
    (tmp_path / "11").mkdir()
    (tmp_path / "12").touch()
    found = find_versions("m", tmp_path)
    assert [directory.version for directory in found] == [10, 8, 7, 2]
    assert found[2].path == tmp_path / "007"


def test_no_base_path(tmp_path):
    with pytest.raises(InputError, match=f"model 'm': base path {tmp_path}/none does not exist"):
        find_versions("m", tmp_path / "none")


def require(base_path: Path, *versions: int) -> None:
    config = ModelConfig("m", base_path, VersionPolicy(specific=versions))
    require_versions(config, find_versions("m", base_path))


def test_no_version(tmp_path):
    add(tmp_path, "latest")
    with pytest.raises(InputError, match="no version in base path.*Received: latest"):
        require(tmp_path)


def test_a_version_that_is_asked_for_by_number(tmp_path):
    add(tmp_path, "1", "3")
    require(tmp_path, 3, 1)
    with pytest.raises(InputError, match="model 'm': expected version 2 in .* Received: 3, 1"):
        require(tmp_path, 3, 2)


def to_itself(path: Path) -> None:
    path.symlink_to(path)


def to_nothing(path: Path) -> None:
    path.symlink_to("gone")


def with_a_file_that_is(target: str):
    def make(path: Path) -> None:
        path.mkdir()
        (path / "saved_model.pb").symlink_to(target)

    return make


# What root cannot read either.
UNREADABLE = {
    "a loop": (to_itself, "Too many levels of symbolic links"),
    "a link to nothing": (to_nothing, "No such file or directory"),
    "a file to nothing": (with_a_file_that_is("gone"), "No such file or directory"),
    "a file in a loop": (with_a_file_that_is("saved_model.pb"), "Too many levels of symbolic"),
    "a name too long": (with_a_file_that_is("n" * 300), "File name too long"),
    "a disk that fails": (with_a_file_that_is("/proc/self/mem"), "Input/output error"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_a_version_that_says_why(tmp_path, kind):
    make, reason = UNREADABLE[kind]
    add(tmp_path, "1")
    make(tmp_path / "2")
    two, one = find_versions("m", tmp_path)
    assert (two.version, one.version, one.unreadable) == (2, 1, "")
    assert reason in two.unreadable and str(tmp_path / "2") in two.unreadable
    require(tmp_path)


@pytest.mark.parametrize("kind", ["loop", "gone", "/proc/self/mem"])
def test_any_file_of_a_version_that_cannot_be_read(tmp_path, kind):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/words.txt").touch()
    os.mkfifo(tmp_path / "assets/fifo")
    assert find_unreadable(tmp_path) == ""
    (tmp_path / "assets/loop").symlink_to(kind)
    assert find_unreadable(tmp_path).startswith(f"{tmp_path}/assets/loop: ")


def test_what_is_not_there_is_no_version(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1/saved_model.pb").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "2").symlink_to("file")
    (tmp_path / "3").symlink_to("1")
    assert find_versions("m", tmp_path) == []


def test_a_base_path_that_cannot_be_read(tmp_path):
    to_itself(tmp_path / "loop")
    with pytest.raises(OSError, match="Too many levels"):
        find_versions("m", tmp_path / "loop")


AS_NOBODY = """
import os, pathlib
from serving.models.versions import find_versions
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for found in find_versions("m", pathlib.Path({base_path!r})):
    print(found.version, found.unreadable)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_permissions(tmp_path):
    """A folder, and a file, that only their owner may read."""
    add(tmp_path, "1", "2", "3")
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    (tmp_path / "2").chmod(0)
    (tmp_path / "3/saved_model.pb").chmod(0)
    command = [sys.executable, "-c", AS_NOBODY.format(base_path=str(tmp_path))]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60
    )
    assert ended.stdout.splitlines() == [
        f"3 {tmp_path}/3/saved_model.pb: Permission denied",
        f"2 {tmp_path}/2/saved_model.pb: Permission denied",
        "1 ",
    ], ended.stderr
