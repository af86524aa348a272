"""What is loaded and unloaded when versions come and go; the models are plain objects here."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving.inference.deadline import Deadline, Ended, run_until
from serving.models.model_config import ModelConfig, VersionPolicy
from serving.models.registry import Registry, State
from serving.protocol.errors import InputError, ServingError, UnreadableError
from serving.protocol.urls import Call
from serving.server.manager import Loading, Manager


class Models:
    """A manager whose loader returns the version's path, and fails for those it is told to."""

    def __init__(self, base_path: Path, **options):
        self.base_path = base_path
        self.broken = set()
        self.unreadable = {}
        self.order = []
        self.registry = Registry()
        self.manager = Manager(self.registry, Loading(self.load, **options))

    def load(self, directory):
        self.order.append(directory.version)
        if directory.version in self.broken:
            raise InputError(f"version {directory.version} is broken")
        if directory.version in self.unreadable:
            raise self.unreadable[directory.version]
        return directory.path.name

    def add(self, *versions: int, name: str = "m") -> None:
        for version in versions:
            folder = self.base_path / name / str(version)
            folder.mkdir(parents=True)
            (folder / "saved_model.pb").touch()

    def remove(self, version: int) -> None:
        (self.base_path / "m" / str(version) / "saved_model.pb").unlink()

    def config(self, *versions: int, name: str = "m", **options) -> ModelConfig:
        policy = VersionPolicy(options.pop("latest", 1), versions)
        return ModelConfig(name, self.base_path / name, policy, options)

    def serve(self, *configs: ModelConfig) -> None:
        self.manager.reload(list(configs))

    def states(self) -> dict[int, str]:
        versions = self.registry.versions(Call("status", "m"))
        return {version.version: version.state.value for version in versions}

    def find(self, **which) -> str:
        return self.registry.find(Call("predict", "m", **which))


@pytest.fixture
def models(tmp_path):
    return Models(tmp_path)


def test_the_newest_version_replaces_the_one_before(models):
    models.add(1)
    models.serve(models.config())
    models.add(2)
    models.manager.poll()
    assert models.states() == {2: "AVAILABLE", 1: "END"}
    assert models.find() == "2"
    with pytest.raises(ServingError, match=r"Servable not found for request: Specific\(m, 1\)"):
        models.find(version=1)


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        (VersionPolicy(2), [3, 2]),
        (VersionPolicy(None), [3, 2, 1]),
        (VersionPolicy(1, (1, 3)), [3, 1]),
    ],
)
def test_policies(models, policy, served):
    models.add(1, 2, 3)
    models.serve(ModelConfig("m", models.base_path / "m", policy))
    assert models.registry.available() == {"m": served}


def test_a_broken_version_never_replaces_a_good_one(models):
    models.add(1)
    models.serve(models.config())
    models.add(2)
    models.broken = {2}
    models.manager.poll()
    models.manager.poll()
    assert models.order == [1, 2], "a broken version is not tried again while it is there"
    assert models.states() == {2: "END", 1: "AVAILABLE"}
    (failed, _) = models.registry.versions(Call("status", "m"))
    assert failed.error.message == "version 2 is broken"
    models.remove(2)
    models.manager.poll()
    models.broken = set()
    (models.base_path / "m/2/saved_model.pb").touch()
    models.manager.poll()
    assert models.find() == "2", "it is tried again when it was gone in between"


def test_a_failed_load_is_tried_as_often_as_asked(tmp_path):
    models = Models(tmp_path, retries=2, interval=0.0)
    models.add(1)
    models.broken = {1}
    with pytest.raises(InputError, match="version 1 is broken"):
        models.serve(models.config())
    assert models.order == [1, 1, 1]
    assert models.registry.waiting() == ["m"]


def test_a_missing_folder_changes_nothing_for_any_model(models):
    models.add(1)
    models.add(1, name="other")
    models.serve(models.config(), models.config(name="other"))
    models.add(2, name="other")
    (models.base_path / "m").rename(models.base_path / "gone")
    with pytest.raises(InputError, match="base path .*/m does not exist"):
        models.manager.poll()
    assert models.registry.available() == {"m": [1], "other": [1]}


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("moment", "policy", "served"),
    [
        ("start", VersionPolicy(), [2]),
        ("start", VersionPolicy(specific=(1, 3)), [1]),
        ("poll", VersionPolicy(), [2]),
        ("poll", VersionPolicy(2), [2, 1]),
        ("poll", VersionPolicy(None), [2, 1]),
    ],
)
def test_a_version_that_cannot_be_read_is_its_own_affair(models, moment, policy, served):
    """The rest is served; it stands with its error, and is served once it can be read."""
    models.add(1, 2)
    models.add(7, name="other")
    config = ModelConfig("m", models.base_path / "m", policy)
    three = models.base_path / "m/3"
    if moment == "start":
        link_to_itself(three)
    models.serve(config, models.config(name="other"))
    if moment == "poll":
        link_to_itself(three)
    models.add(8, name="other")
    models.manager.poll()
    assert models.registry.available() == {"m": served, "other": [8]}
    newest, *_ = models.registry.versions(Call("status", "m"))
    assert (newest.version, newest.state) == (3, State.END)
    assert "3/saved_model.pb: Too many levels of symbolic links" in newest.error.message
    assert models.registry.waiting() == []
    three.unlink()
    models.add(3)
    models.manager.poll()
    assert models.states()[3] == "AVAILABLE"


def test_a_loaded_version_that_cannot_be_read_any_more_stays(models):
    models.add(1, 2)
    models.serve(models.config())
    (models.base_path / "m/2").rename(models.base_path / "m/kept")
    link_to_itself(models.base_path / "m/2")
    models.manager.poll()
    assert models.states() == {2: "AVAILABLE"}
    assert models.order == [2]


def test_the_only_version_cannot_be_read(models):
    (models.base_path / "m").mkdir()
    link_to_itself(models.base_path / "m/1")
    with pytest.raises(UnreadableError, match="m/1/saved_model.pb: Too many levels"):
        models.serve(models.config())
    assert models.registry.waiting() == ["m"]
    (models.base_path / "m/1").unlink()
    models.add(1)
    models.manager.poll()
    assert models.find() == "1"


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "disk"), OSError(116, "")])
def test_files_that_cannot_be_read_when_it_is_loaded(models, error):
    """The model's error, and no reason not to start."""
    models.add(1, 2)
    models.add(3, name="other")
    models.unreadable = {2: error}
    with pytest.raises(UnreadableError):
        models.serve(models.config(), models.config(name="other"))
    assert models.registry.available() == {"other": [3]}
    assert models.states() == {2: "END"}


def test_a_base_path_that_cannot_be_read_is_its_models_own_affair(models):
    models.add(1)
    models.add(1, name="other")
    models.serve(models.config(), models.config(name="other"))
    (models.base_path / "m").rename(models.base_path / "kept")
    link_to_itself(models.base_path / "m")
    models.add(2, name="other")
    models.manager.poll()
    assert models.registry.available() == {"m": [1], "other": [2]}
    with pytest.raises(UnreadableError, match="model 'm': base path .*/m: Too many levels"):
        models.serve(models.config(), models.config(name="other"))
    (models.base_path / "m").unlink()
    (models.base_path / "kept").rename(models.base_path / "m")
    models.add(2)
    models.manager.poll()
    assert models.registry.available() == {"m": [2], "other": [2]}


def test_a_model_whose_base_path_was_never_readable_is_waited_for(models):
    models.add(1, name="other")
    link_to_itself(models.base_path / "m")
    with pytest.raises(UnreadableError, match="base path .*/m: Too many levels"):
        models.serve(models.config(), models.config(name="other"))
    assert models.registry.available() == {"other": [1]}
    assert models.registry.waiting() == ["m"]


def test_a_change_that_nobody_waits_for_is_not_made(models):
    """It waited for another one; then its caller was gone."""
    models.add(1)
    deadline = Deadline()
    with models.manager._changing, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_until, deadline, models.serve, models.config())
        time.sleep(0.05)  # until it waits
        deadline.end()
        models.manager._changing.release()
        with pytest.raises(Ended):
            waiting.result(30)
        models.manager._changing.acquire()
    assert models.order == []


def test_an_empty_folder_unloads_everything(models):
    models.add(1)
    models.serve(models.config())
    models.remove(1)
    models.manager.poll()
    assert models.states() == {1: "END"}
    with pytest.raises(ServingError, match=r"Latest\(m\)"):
        models.find()


def test_models_come_and_go_with_the_configuration(models):
    models.add(1)
    models.add(5, name="other")
    models.serve(models.config())
    models.serve(models.config(name="other"))
    assert models.registry.available() == {"other": [5]}
    assert models.states() == {1: "END"}
    assert models.registry.waiting() == []


def test_labels_name_versions_that_are_available(models):
    models.add(1, 2)
    with pytest.raises(InputError, match="label 'stable' to name a version.*Received: 1"):
        models.serve(models.config(1, 2, stable=1))
    models.serve(models.config(1, 2))
    models.serve(models.config(1, 2, stable=1, canary=2))
    assert (models.find(label="stable"), models.find(label="canary")) == ("1", "2")
    with pytest.raises(InputError, match="Received: 3"):
        models.serve(models.config(1, 2, stable=3))
    assert models.find(label="stable") == "1"
    models.serve(models.config(1, 2, canary=1))
    assert models.find(label="canary") == "1"
    with pytest.raises(ServingError, match="Unrecognized servable version label: stable"):
        models.find(label="stable")


def test_new_labels_may_wait_if_asked(tmp_path):
    models = Models(tmp_path, labels_may_wait=True)
    models.add(1)
    models.serve(models.config(1, stable=1))
    assert models.find(label="stable") == "1"
    with pytest.raises(InputError, match="Received: 2"):
        models.serve(models.config(1, stable=2))


def test_the_old_version_answers_until_the_new_one_is_loaded(tmp_path):
    models = Models(tmp_path)
    answers = []
    load = models.load

    def load_and_ask(directory):
        answers.append(models.registry.available())
        return load(directory)

    models.manager = Manager(models.registry, Loading(load_and_ask))
    models.add(1)
    models.serve(models.config())
    models.add(2)
    models.manager.poll()
    assert answers == [{}, {"m": [1]}]
    assert models.registry.known("m")[1].state == State.END
