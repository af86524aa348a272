"""Publishing: versions that only grow, exporters that take turns, and a kill in the middle."""

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from export.publish import next_version, publish, require_model_name, staging_folder, versions
from seqrec_tf.errors import InputError

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60
# Publishes argv[2] times to argv[1]; says what it staged and what it published.
PUBLISHER = """
import sys
from pathlib import Path
from export.publish import publish, staging_folder

output = Path(sys.argv[1])
for turn in range(int(sys.argv[2])):
    with staging_folder(output) as staging:
        for name in ("a", "b"):
            (staging / name / "variables").mkdir(parents=True)
            for file in ("saved_model.pb", "variables/data"):
                (staging / name / file).write_text("complete" * 1000)
        print("staged", flush=True)
        first, second = publish(
            {staging / "a": output / "m", staging / "b": output / "m-lite"}, output
        )
        print(first.name, second.name, flush=True)
"""


def stage(output: Path, *models: str, file: str = "saved_model.pb") -> list[Path]:
    """Publish one small artifact a model."""
    with staging_folder(output) as staging:
        for model in models:
            (staging / model / "assets.extra").mkdir(parents=True)
            (staging / model / file).write_text(model)
        return publish({staging / model: output / model for model in models}, output)


def start_publisher(output: Path, turns: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(output), str(turns)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def locked(folder: Path):
    """Another exporter's turn."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def read_config(output: Path):
    """`models.config`, read with the fields of TensorFlow Serving's ModelServerConfig."""
    file = descriptor_pb2.FileDescriptorProto(name="config.proto", package="t", syntax="proto3")
    one = file.message_type.add(name="Config")
    for name, number in (("name", 1), ("base_path", 2), ("model_platform", 4)):
        one.field.add(name=name, number=number, type=9, label=1)
    several = file.message_type.add(name="List")
    several.field.add(name="config", number=1, type=11, label=3, type_name=".t.Config")
    whole = file.message_type.add(name="Server")
    whole.field.add(name="model_config_list", number=1, type=11, label=1, type_name=".t.List")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Server"))()
    text_format.Parse((output / "models.config").read_text(encoding="utf-8"), message)
    return [(c.name, c.base_path, c.model_platform) for c in message.model_config_list.config]


def test_versions_grow_beside_each_other(tmp_path):
    for version in ("1", "2", "3"):
        (published,) = stage(tmp_path, "m")
        assert published == tmp_path / "m" / version
        (published / "mark").write_text(version)
    assert versions(tmp_path / "m") == [1, 2, 3]
    marks = [(tmp_path / "m" / v / "mark").read_text() for v in ("1", "2", "3")]
    assert marks == ["1", "2", "3"]  # nothing was overwritten


def test_models_that_are_published_together_share_a_number(tmp_path):
    stage(tmp_path, "m")
    stage(tmp_path, "m")
    assert stage(tmp_path, "m-lite", "m") == [tmp_path / "m-lite/3", tmp_path / "m/3"]


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], 1),
        (["7"], 8),
        (["9", "10"], 11),
        (["007"], 8),
        (["3", ".staging-x", "tmp", "-5", "1.5"], 4),
    ],
)
def test_the_next_version_is_one_more_than_the_largest(tmp_path, names, expected):
    for name in names:
        (tmp_path / "m" / name).mkdir(parents=True)
    assert next_version([tmp_path / "m", tmp_path / "missing"]) == expected


def test_the_staging_folder_goes_also_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), staging_folder(tmp_path / "models") as staging:
        (staging / "savedmodel").mkdir()
        raise RuntimeError
    assert list((tmp_path / "models").iterdir()) == []


def test_two_processes_at_once_publish_different_versions(tmp_path):
    with locked(tmp_path):
        processes = [start_publisher(tmp_path, 5) for _ in range(2)]
        assert [process.stdout.readline() for process in processes] == ["staged\n"] * 2
        assert not list(tmp_path.glob("*/[0-9]*"))  # both wait for their turn
    said = [process.communicate(timeout=SECONDS)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    numbers = [int(word) for words in said for word in words if word != "staged"]
    assert sorted(numbers) == [v for v in range(1, 11) for _ in range(2)]
    for model in ("m", "m-lite"):
        assert versions(tmp_path / model) == list(range(1, 11))
        for version in (tmp_path / model).iterdir():
            assert (version / "saved_model.pb").read_text() == "complete" * 1000
            assert (version / "variables/data").read_text() == "complete" * 1000
    assert not list(tmp_path.glob(".staging-*"))


def test_a_killed_process_leaves_no_version(tmp_path):
    with locked(tmp_path):
        process = start_publisher(tmp_path, 1)
        assert process.stdout.readline() == "staged\n"
        time.sleep(0.2)  # it writes through to disk, then waits for its turn
        process.kill()
        process.communicate(timeout=SECONDS)
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) == 1 and left[0].startswith(".staging-")
    assert stage(tmp_path, "m") == [tmp_path / "m/1"]
    assert [name for name, *_ in read_config(tmp_path)] == ["m"]


def test_models_config_lists_every_savedmodel_by_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage(Path("models"), "b")
    stage(Path("models"), "a", "b")
    stage(Path("models"), "b-lite", file="model.tflite")
    assert read_config(tmp_path / "models") == [
        ("a", f"{tmp_path}/models/a", "tensorflow"),
        ("b", f"{tmp_path}/models/b", "tensorflow"),
    ]


def test_models_config_names_a_path_with_quotes_and_backslashes(tmp_path):
    folder = tmp_path / 'the "best" mödels\\new'
    stage(folder, "m")
    assert read_config(folder) == [("m", f"{folder}/m", "tensorflow")]


def test_what_is_published_can_be_read_by_other_users(tmp_path):
    with staging_folder(tmp_path) as staging:
        private = staging / "m"
        private.mkdir(mode=0o700)
        (published,) = publish({private: tmp_path / "m"}, tmp_path)
    assert published.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["seqrec", "ml-1m", "v1.2_b", "A", "5"])
def test_names_that_can_stand_in_a_url(name):
    assert require_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "..", ".hidden", "-x", "a/b", "a:b", "a b", "a\n", "\xe4", "x-lite", "models.config"],
)
def test_names_that_cannot(name):
    with pytest.raises(InputError) as caught:
        require_model_name(name)
    assert f"Received: {name!r}." in str(caught.value)
