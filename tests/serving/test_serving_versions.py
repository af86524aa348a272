"""Version directories: which names count, and which version is newest."""

from pathlib import Path

import pytest

from serving.errors import InputError
from serving.models.model_config import ModelConfig, VersionPolicy
from serving.models.versions import find_versions, require_versions


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
