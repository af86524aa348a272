"""Processes that are killed, disks that are full: never a broken version, always a way on."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, run_python

from export.artifact.manifest import manifest_failures
from seqrec_tf.models import GRU4Rec

SECONDS = 240
# Without TensorFlow: publishes small files, each written in two halves.
EXPORT = """
import itertools, json, os, resource, shutil, signal, sys
from pathlib import Path
from export.artifact.publish import publish
from export.artifact.staging import staging_folder
from seqrec_tf.command import run_command

HALF = "half"

def export(output):
    with staging_folder(output) as staging:
        for kind, graph in (("lite", "model.tflite"), ("savedmodel", "saved_model.pb")):
            (staging / kind / "variables").mkdir(parents=True)
            for name in (graph, "variables/data"):
                for mode in "wa":
                    with (staging / kind / name).open(mode) as file:
                        file.write(HALF)
        publish({staging / "lite": output / "m-lite", staging / "savedmodel": output / "m"}, output)
"""
# Below argv[1], a folder for each moment: a child of this process exports there, and kills itself
# when it asks the operating system for something for the n-th time, until it gets to the end.
# Prints what is there afterwards, and after the next export: {path: content, or size of it}.
KILLER = f"""{EXPORT}
def die_at(moment):
    asked = itertools.count(1)
    def hook(event, _):
        if event.partition(".")[0] in ("os", "open", "fcntl", "tempfile", "shutil"):
            if next(asked) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

def seen(output):
    files = [path for path in output.rglob("*") if path.is_file()]
    return {{
        str(path.relative_to(output)): path.read_text() if path.parent == output
        else path.read_text() == 2 * HALF
        for path in files
    }}

for moment in itertools.count(1):
    output = Path(sys.argv[1]) / str(moment)
    for _ in range(int(sys.argv[2])):
        export(output)
    child = os.fork()
    if not child:
        die_at(moment)
        export(output)
        os._exit(0)
    killed = os.waitpid(child, 0)[1] == signal.SIGKILL
    after = seen(output) if output.exists() else {{}}
    export(output)
    print(json.dumps([killed, after, seen(output)]))
    if not killed:
        break
"""


def visible(files: dict[str, object]) -> dict[str, object]:
    return {path: content for path, content in files.items() if not path.startswith(".")}


def numbers(files: dict[str, object]) -> dict[str, set[int]]:
    """Versions by model."""
    models = {"m": set(), "m-lite": set()}
    for model, version, *_ in (path.split("/") for path in visible(files) if "/" in path):
        models[model].add(int(version))
    return models


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_kill_at_any_moment_leaves_whole_versions_and_the_next_export_cleans_up(
    earlier, tmp_path
):
    done = run_python("-c", KILLER, tmp_path, earlier)
    assert done.returncode == 0, done.stderr
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert [killed for killed, *_ in moments] == [True] * (len(moments) - 1) + [False]
    states = set()
    for _, after, later in moments:
        there = numbers(after)
        states.add((len(there["m-lite"]) - earlier, len(there["m"]) - earlier))
        new = max({*there["m"], *there["m-lite"]}, default=0) + 1
        assert numbers(later) == {model: there[model] | {new} for model in there}
        assert later == visible(later)  # no staging folder, no half of a configuration
        for files in (visible(after), later):
            configuration = files.pop("models.config", "")
            assert all(content is True for content in files.values())
            names = re.findall('name: "(.*)"', configuration)
            assert names == ["m"] or (names == [] and files is not later and not earlier)
            assert len(files) == 2 * sum(map(len, numbers(files).values()))  # two a version
    assert states == {(0, 0), (1, 0), (1, 1)}
    assert any(set(after) - set(visible(after)) for _, after, _ in moments)  # dirt was left


def test_two_exports_at_once_publish_whole_versions(exports, models):
    """The two of the fixture, which publish to one folder, as real commands with real proofs."""
    published = [done.stdout.split() for done in exports]
    ours = [[int(Path(folder).name) for folder in folders] for folders in published]
    assert sorted(ours) == [[1, 1], [2, 2]]
    assert {path.name for path in models.iterdir()} == {"seqrec", "seqrec-lite", "models.config"}
    for version in ("1", "2"):
        savedmodel, lite = models / "seqrec" / version, models / "seqrec-lite" / version
        assert manifest_failures(savedmodel, savedmodel / "assets.extra/manifest.json") == []
        assert manifest_failures(lite, lite / "manifest.json") == []
        proofs = [savedmodel / "assets.extra/export_report.json", lite / "export_report.json"]
        assert proofs[0].read_text() == proofs[1].read_text()  # of the same export


def test_a_killed_export_is_swept_up_by_the_next(random_run, tmp_path):
    models = tmp_path / "models"
    command = ["export", "--run", random_run.path, "--k", 4, "--output", models]
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, command)], cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not list(models.glob(".staging-*/savedmodel/saved_model.pb")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    assert [path.name[:9] for path in models.iterdir()] == [".staging-"]
    run_python("-c", f"{EXPORT}export(Path(sys.argv[1]))", models, check=True)
    assert {path.name for path in models.iterdir()} == {"m", "m-lite", "models.config"}


@pytest.mark.parametrize("most", [5, 100], ids=["while_building", "while_publishing"])
def test_a_full_disk_is_one_line_and_changes_nothing(most, tmp_path):
    """A limit on the size of files, in bytes, refuses to write as a full disk does.

    The half of a file has 4 bytes; only models.config has more than 100.
    """
    code = f"""{EXPORT}
export(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
run_command(lambda: export(Path(sys.argv[1])))
"""
    done = run_python("-c", code, tmp_path, most)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert re.fullmatch(
        rf"error: {tmp_path}: no space left, nothing was published\. \d+ bytes of the export were "
        r"written, [\d,]+ bytes are free here\. Received: .*File too large.*\n",
        done.stderr,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"m", "m-lite", "models.config"}
    assert [path.name for path in tmp_path.glob("m*/*")] == ["1", "1"]


def test_variables_that_do_not_fit_are_one_line_and_exit_code_2(build, random_run, tmp_path):
    """TensorFlow has errors of its own for it; no file before the variables has 100 kB."""
    encoder = GRU4Rec(items=12, window=3, dim=128, layers=1, dropout=0.0)
    run = build.run(tmp_path / "run", encoder, random_run.catalogue)
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from export.__main__ import main
main()
"""
    models = tmp_path / "models"
    done = run_python("-c", code, "--run", run.path, "--k", 4, "--output", models)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {models}: no space left, nothing was published.")
    assert "variables" in line and "File too large" in line
    assert "Traceback" not in done.stderr
    assert not models.exists()
