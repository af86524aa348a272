"""Publishing: versions that only grow, exporters that take turns, and a kill in the middle."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from helpers.processes import REPOSITORY

from export.artifact.numbers import versions
from export.artifact.publish import publish, require_model_name, require_publishable
from export.artifact.staging import locked, staging_folder
from seqrec_tf.errors import InputError

SECONDS = 60
# Publishes argv[2] times to argv[1], when told by a line; says what it staged and published.
PUBLISHER = """
import sys
from pathlib import Path
from export.artifact.publish import publish
from export.artifact.staging import staging_folder

output = Path(sys.argv[1])
for turn in range(int(sys.argv[2])):
    with staging_folder(output) as staging:
        for name in ("a", "b"):
            (staging / name / "variables").mkdir(parents=True)
            for file in ("saved_model.pb", "variables/data"):
                (staging / name / file).write_text("complete" * 1000)
        print("staged", flush=True)
        sys.stdin.readline()
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
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


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
    assert [number for number, _ in versions(tmp_path / "m")] == [1, 2, 3]
    marks = [(tmp_path / "m" / v / "mark").read_text() for v in ("1", "2", "3")]
    assert marks == ["1", "2", "3"]  # nothing was overwritten


def test_models_that_are_published_together_share_a_number(tmp_path):
    stage(tmp_path, "m")
    stage(tmp_path, "m")
    assert stage(tmp_path, "m-lite", "m") == [tmp_path / "m-lite/3", tmp_path / "m/3"]


def test_two_processes_at_once_publish_different_versions(tmp_path):
    processes = [start_publisher(tmp_path, 5) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["staged\n"] * 2
    with locked(tmp_path):
        for process in processes:
            process.stdin.write("\n" * 5)
            process.stdin.flush()
        time.sleep(0.2)
        assert not list(tmp_path.glob("*/[0-9]*"))  # both wait for their turn
    said = [process.communicate(timeout=SECONDS)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    numbers = [int(word) for words in said for word in words if word != "staged"]
    assert sorted(numbers) == [v for v in range(1, 11) for _ in range(2)]
    for model in ("m", "m-lite"):
        assert [number for number, _ in versions(tmp_path / model)] == list(range(1, 11))
        for version in (tmp_path / model).iterdir():
            assert (version / "saved_model.pb").read_text() == "complete" * 1000
            assert (version / "variables/data").read_text() == "complete" * 1000
    assert not list(tmp_path.glob(".staging-*"))


def test_a_killed_process_leaves_no_version(tmp_path):
    process = start_publisher(tmp_path, 1)
    assert process.stdout.readline() == "staged\n"
    with locked(tmp_path):
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(0.2)  # it writes through to disk, then waits for its turn
        process.kill()
        process.communicate(timeout=SECONDS)
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) == 1 and left[0].startswith(".staging-")
    assert stage(tmp_path, "m") == [tmp_path / "m/1"]
    assert {path.name for path in tmp_path.iterdir()} == {"m", "models.config"}
    assert [name for name, *_ in read_config(tmp_path)] == ["m"]


def test_what_a_name_stands_for_is_on_the_disk_before_the_name_is(tmp_path, operations):
    """A power failure at any moment leaves whole versions: the order is what a kill cannot show."""
    output = tmp_path / "models"
    published = stage(output, "m", "m-lite")
    renamed = [entry for entry in operations if entry[0] == "rename"]
    assert [target for _, _, target in renamed] == [*published, output / "models.config"]
    for _, source, target in renamed:
        before = [
            path
            for kind, path, *_ in operations[: operations.index(("rename", source, target))]
            if kind == "sync"
        ]
        held = [path.relative_to(target) for path in [target, *target.rglob("*")]]
        assert target.is_file() or len(held) == 3  # the folder, a file, an empty folder
        assert {source / path for path in held} <= set(before)
        # And the folder that has the name, after it.
        after = operations[operations.index(("rename", source, target)) :]
        assert ("sync", target.parent) in after
    # The models' folders were new as well.
    assert ("sync", output) in operations[: operations.index(renamed[-1])]


def test_what_was_renamed_is_taken_back_if_the_rest_fails(tmp_path):
    stage(tmp_path, "a")
    (tmp_path / "models.config").unlink()
    (tmp_path / "models.config/kept").mkdir(parents=True)  # cannot be replaced by a file
    with pytest.raises(OSError, match="models.config"):
        stage(tmp_path, "a-lite", "a", "b")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "models.config"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1"]


def test_a_half_written_configuration_is_written_anew(tmp_path):
    (tmp_path / ".models.config-partial").write_text("model_config_list {")
    stage(tmp_path, "m")
    assert {path.name for path in tmp_path.iterdir()} == {"m", "models.config"}
    assert read_config(tmp_path) == [("m", f"{tmp_path}/m", "tensorflow")]


@pytest.mark.parametrize("kind", ["file", "broken link"])
def test_a_name_that_something_else_has_is_refused(kind, tmp_path):
    model = tmp_path / "m"
    if kind == "file":
        model.write_text("mine")
    else:
        model.symlink_to("nowhere")
    with pytest.raises(InputError, match=f"expected {model} to be a folder of versions"):
        require_publishable([model])
    with pytest.raises(InputError, match=f"expected {model} to be a folder of versions"):
        stage(tmp_path, "m-lite", "m")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_model_folder_that_is_read_only_is_refused(tmp_path, unprivileged):
    (tmp_path / "m").mkdir(mode=0o555)
    with unprivileged(tmp_path), pytest.raises(InputError, match="/m to be a folder that can be"):
        require_publishable([tmp_path / "m"])


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


FOREIGN = ["3", "007", "-1", "12345678901234567890", "note.txt", "a folder"]


def test_a_model_folder_full_of_foreign_things_gets_a_version_above_them(tmp_path):
    model = tmp_path / "m"
    for name in FOREIGN:
        (model / name).mkdir(parents=True)
    (model / "8").write_text("a file")
    (model / "9").symlink_to("nowhere")
    before = set(model.iterdir())
    (published,) = stage(tmp_path, "m")
    assert published == model / "10"
    assert set(model.iterdir()) == {*before, published}
    assert read_config(tmp_path) == [("m", f"{tmp_path}/m", "tensorflow")]


def test_models_config_passes_over_what_no_server_can_load(tmp_path, capsys):
    for path in ("lost+found/1", 'a "b"/1', ".hidden/1", "copy/tmp", "x-lite/1"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "model.tflite").touch()
        if path != "x-lite/1":
            (tmp_path / path / "saved_model.pb").touch()
    (tmp_path / "1").mkdir()
    (tmp_path / "a_file").touch()
    stage(tmp_path, "m")
    assert [name for name, *_ in read_config(tmp_path)] == ["m"]
    assert capsys.readouterr().err == ""


def test_a_broken_latest_version_of_another_model_is_warned_of(tmp_path, capsys):
    stage(tmp_path, "other")
    (tmp_path / "other/2").mkdir()
    stage(tmp_path, "m")
    # Kept, because a running server still has its version 1.
    assert [name for name, *_ in read_config(tmp_path)] == ["m", "other"]
    assert capsys.readouterr().err == (
        f"warning: {tmp_path}/other/2: no saved_model.pb, and the latest version: a server that "
        f"starts with {tmp_path}/models.config would fail on it\n"
    )


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
