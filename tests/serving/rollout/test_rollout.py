"""Rolling a version out on a real server: labels move only after the answers were checked."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.golden_model import counting, golden, write_golden
from helpers.processes import run_module

from serving.models.model_config import VersionPolicy, read_model_configs
from serving.protocol.errors import InputError
from serving.rollout.config_file import ConfigFile, replace_file

MODELS = ("walk", "tampered", "broken", "bare", "latest", "strings", "unseen", "applied")
COMMENT = "# kept\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory, start_server, save_model):
    """A server that polls its configuration, every model at version 1; folder, file and URL."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("rollout")
    for version in (1, 2):
        for name, id_name, dtype in (
            ("walk", "movie_ids", tf.int64),
            ("strings", "item_ids", tf.string),
        ):
            path = folder / name / str(version)
            save_model(tf, counting(tf, id_name, dtype, version), path)
            (path / "assets.extra").mkdir()
            write_golden(path, golden(id_name, dtype.name, version))
    for name in set(MODELS) - {"walk", "strings"}:
        shutil.copytree(folder / "walk", folder / name)
    for version in ("1", "2"):
        shutil.rmtree(folder / "bare" / version / "assets.extra")
    config = folder / "models.config"
    entries = [entry(folder, name, "specific { versions: 1 }") for name in MODELS]
    entries[MODELS.index("latest")] = entry(folder, "latest", "latest { num_versions: 1 }")
    config.write_text(f"{COMMENT}model_config_list {{ {' '.join(entries)} }}\n", encoding="utf-8")
    server = start_server(
        f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1"
    )
    yield folder, config, server
    server.stop()


def entry(folder: Path, name: str, policy: str) -> str:
    return (
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" '
        f"model_version_policy {{ {policy} }} }}"
    )


@pytest.fixture
def roll_out(served):
    """Run the command for a model."""
    _, config, server = served

    def run(model: str, *flags: str, config: Path = config):
        common = (f"--config={config}", f"--url={server.url}", f"--model={model}")
        return run_module("serving.rollout", *common, *flags)

    return run


def labels_and_versions(config: Path, model: str) -> tuple[dict, VersionPolicy]:
    found = {each.name: each for each in read_model_configs(config)}[model]
    return dict(found.labels), found.policy


def score(server, model: str, place: str) -> float | int:
    """The score of the first place, which is the version that answers; or the HTTP status."""
    answer = server.post(f"/v1/models/{model}{place}:predict", {"instances": [[7]]})
    return answer.json()["predictions"][0]["scores"][0] if answer.ok else answer.status_code


def test_canary_promote_and_roll_back(served, roll_out):
    _, config, server = served
    ended = roll_out("walk", "--canary=2")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "model": "walk",
        "versions": [1, 2],
        "labels": {"canary": 2, "stable": 1},
    }
    assert config.read_text(encoding="utf-8").startswith(COMMENT + "model_config_list {")
    assert score(server, "walk", "/labels/canary") == 2.0
    assert score(server, "walk", "/labels/stable") == 1.0

    assert roll_out("walk", "--promote").returncode == 0
    policy = VersionPolicy(specific=(1, 2))
    expected = {"canary": 2, "stable": 2, "previous": 1}
    assert labels_and_versions(config, "walk") == (expected, policy)
    assert score(server, "walk", "/labels/stable") == 2.0
    again = roll_out("walk", "--promote")
    assert again.returncode == 2 and "version 2 is stable already" in again.stderr

    assert roll_out("walk", "--rollback").returncode == 0
    assert labels_and_versions(config, "walk") == ({"canary": 2, "stable": 1}, policy)
    assert score(server, "walk", "/labels/stable") == 1.0

    # Given up: the canary is the stable one, and version 2 is served no more.
    assert roll_out("walk", "--canary=1").returncode == 0
    expected = {"canary": 1, "stable": 1}
    assert labels_and_versions(config, "walk") == (expected, VersionPolicy(specific=(1,)))
    assert score(server, "walk", "/versions/2") == 404


def test_another_answer_is_refused_and_named(served, roll_out):
    folder, config, server = served
    assert roll_out("tampered", "--canary=2").returncode == 0
    version = folder / "tampered" / "2"
    document = golden("movie_ids", "int64", 2)
    document["requests"][0]["answers"][0]["scores"][0] = 2.5
    write_golden(version, document)
    before = config.read_text(encoding="utf-8")
    ended = roll_out("tampered", "--promote")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert "refused: " in last and "one_item, history 0, place 1: expected 2 (2.5)" in last
    assert ended.stdout == ""
    assert config.read_text(encoding="utf-8") == before
    assert score(server, "tampered", "/labels/stable") == 1.0


def test_a_version_that_does_not_load_is_refused(served, roll_out):
    folder, config, server = served
    broken = folder / "broken" / "3"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"nonsense")
    before = config.read_text(encoding="utf-8")
    ended = roll_out("broken", "--canary=3")
    assert ended.returncode == 1
    assert "version 3 does not load" in ended.stderr
    assert config.read_text(encoding="utf-8") == before
    assert score(server, "broken", "/versions/1") == 1.0


def test_a_version_without_golden_requests(served, roll_out):
    _, config, server = served
    before = config.read_text(encoding="utf-8")
    ended = roll_out("bare", "--canary=2")
    assert ended.returncode == 1 and "version 2 has no golden requests" in ended.stderr
    assert config.read_text(encoding="utf-8") == before
    assert roll_out("bare", "--canary=2", "--unchecked").returncode == 0
    assert score(server, "bare", "/labels/canary") == 2.0


def test_the_newest_is_served_already(served, roll_out):
    """Under the default policy version 2 has replaced 1, which comes back as the stable one."""
    _, config, server = served
    assert score(server, "latest", "") == 2.0
    ended = roll_out("latest", "--canary=2")
    assert ended.returncode == 0, ended.stderr
    assert score(server, "latest", "/labels/stable") == 1.0
    assert labels_and_versions(config, "latest")[1] == VersionPolicy(specific=(1, 2))


def test_string_ids(roll_out):
    ended = roll_out("strings", "--canary=2")
    assert ended.returncode == 0, ended.stderr
    assert "answers 1 golden requests" in ended.stderr


def test_the_file_is_on_the_disk_before_its_name_is(tmp_path, operations):
    path = tmp_path / "models.config"
    path.write_text("old")
    replace_file(path, "new")
    partial = tmp_path / ".models.config-partial"
    assert operations == [("sync", partial), ("rename", partial, path), ("sync", tmp_path)]
    assert path.read_text() == "new"


def test_a_server_that_does_not_read_the_file(served, roll_out, tmp_path):
    _, config, _ = served
    copy = Path(shutil.copy(config, tmp_path))
    before = copy.read_text(encoding="utf-8")
    ended = roll_out("unseen", "--canary=2", "--timeout=1", config=copy)
    assert ended.returncode == 1
    assert "refused: expected version 1, 2 to be available within 1 s" in ended.stderr
    assert copy.read_text(encoding="utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_a_signal_puts_the_file_back(served, tmp_path):
    _, config, server = served
    copy = Path(shutil.copy(config, tmp_path))
    before = copy.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "serving.rollout", f"--config={copy}", "--canary=2"]
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*command, f"--url={server.url}", "--model=unseen"], stderr=stderr
        )
    while copy.read_text(encoding="utf-8") == before:
        assert process.poll() is None, log.read_text()
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM, log.read_text()
    assert copy.read_text(encoding="utf-8") == before, log.read_text()


def test_the_file_is_brought_to_the_server(served, roll_out, tmp_path):
    _, config, server = served
    copy = Path(shutil.copy(config, tmp_path))
    ended = roll_out("applied", "--canary=2", f"--apply=cp {copy} {config}", config=copy)
    assert ended.returncode == 0, ended.stderr
    assert score(server, "applied", "/labels/canary") == 2.0


@pytest.mark.parametrize(
    ("model", "flags", "message"),
    [
        ("unseen", ["--canary=9"], "version 9: expected {folder}/unseen/9"),
        ("unseen", ["--canary=0"], "Received: '0'"),
        ("unseen", ["--canary=2", "--promote"], "not allowed with"),
        ("unseen", [], "one of the arguments --canary"),
        ("unseen", ["--promote"], "the label 'canary'"),
        ("unseen", ["--rollback"], "the label 'previous'"),
        ("other", ["--canary=2"], "Received: 'other'"),
        ("unseen", ["--canary=2", "--url=http://127.0.0.1:9"], "nothing answers"),
        ("unseen", ["--canary=2", "--url=localhost"], "Received: 'localhost'"),
        ("unseen", ["--canary=2", "--models=/none"], "base path /none/unseen"),
        ("unseen", ["--canary=2", "--apply=false"], "false ended with exit code 1"),
    ],
)
def test_bad_input_changes_nothing(served, roll_out, model, flags, message):
    folder, config, _ = served
    before = config.read_text(encoding="utf-8")
    ended = roll_out(model, *flags)
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: ") and message.format(folder=folder) in last
    assert ended.stdout == "" and "Traceback" not in ended.stderr
    assert config.read_text(encoding="utf-8") == before


def test_a_file_that_somebody_else_changes(tmp_path):
    path = tmp_path / "models.config"
    path.write_text(f"model_config_list {{ {entry(tmp_path, 'm', 'all {}')} }}", encoding="utf-8")
    file = ConfigFile(path, "m")
    path.write_text("theirs", encoding="utf-8")
    with pytest.raises(InputError, match="changed meanwhile"):
        file.write({1, 2}, {})
    assert path.read_text(encoding="utf-8") == "theirs"


def test_the_file_keeps_its_permissions_and_other_fields(tmp_path):
    path = tmp_path / "models.config"
    other = entry(tmp_path, "other", "all {}")
    text = f"model_config_list {{ {entry(tmp_path, 'm', 'all {}')} {other} }}"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o604)
    file = ConfigFile(path, "m")
    file.write({2, 1}, {"stable": 1})
    assert path.stat().st_mode & 0o777 == 0o604
    first, second = read_model_configs(path)
    assert first.policy == VersionPolicy(specific=(1, 2)) and first.labels == {"stable": 1}
    assert second.policy == VersionPolicy(latest=None) and second.labels == {}
    assert file.restore()
    assert path.read_text(encoding="utf-8") == text
    assert not file.restore()
