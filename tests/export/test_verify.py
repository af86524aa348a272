"""`python -m export verify` and `inspect`: good versions pass, each kind of damage is named."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.processes import REPOSITORY, run_module, run_python

from export.artifact.manifest import manifest_failures, write_manifest
from export.artifact.version import find_artifact
from export.inspection import described
from export.proof.contract import (
    compiled_functions,
    found,
    promised,
    read_graph,
    signature_failures,
)
from export.proof.warmup import read_warmup
from export.verification import examine
from seqrec_tf.errors import InputError

DAMAGED = [b"", b"\xff\x00", b'{"half": ', b"[]", b"{}", b'{"files": {"a": 1}, "metrics": 1}']


@pytest.fixture
def version(models, tmp_path):
    """A copy of the exported SavedModel that a test may damage."""
    return shutil.copytree(models / "seqrec/1", tmp_path / "1")


@pytest.fixture
def lite_version(models, tmp_path):
    """The same of the LiteRT file."""
    return shutil.copytree(models / "seqrec-lite/1", tmp_path / "lite")


def test_a_good_savedmodel_passes(models):
    done = run_module("export", "verify", models / "seqrec/1")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    assert "54 golden requests answered as promised" in done.stdout  # 6 forms x 8, and 6 calls


def test_a_good_lite_file_passes_and_tensorflow_is_left_to_the_proof(models):
    code = """
import sys
from pathlib import Path
from export.commands import verify
verify.command({"folder": Path(sys.argv[1])})
print(sys.modules.keys() & {"tensorflow", "keras"})
"""
    done = run_python("-c", code, models / "seqrec-lite/1")
    assert done.returncode == 0, done.stdout + done.stderr
    passed, imported = done.stdout.splitlines()
    assert "built-in ops" in passed
    assert imported == "set()"


def test_a_flipped_bit_in_the_variables_is_found(version):
    path = version / "variables/variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = run_module("export", "verify", version)
    assert done.returncode == 1
    assert done.stdout.startswith("variables/variables.data-00000-of-00001: expected sha256 ")
    assert "findings" in done.stderr


def test_missing_and_foreign_files_are_found(version):
    manifest = version / "assets.extra/manifest.json"
    assert manifest_failures(version, manifest) == []
    (version / "assets.extra/README.md").unlink()
    (version / "variables/extra.bin").write_bytes(b"?")
    assert manifest_failures(version, manifest) == [
        "assets.extra/README.md: missing",
        "variables/extra.bin: not part of the export",
    ]


def test_without_a_manifest_that_is_the_finding(tmp_path):
    (tmp_path / "a").write_text("a")
    assert manifest_failures(tmp_path, tmp_path / "manifest.json") == [
        "manifest.json: missing, so nothing tells what belongs here"
    ]
    write_manifest(tmp_path, tmp_path / "manifest.json")
    assert manifest_failures(tmp_path, tmp_path / "manifest.json") == []


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_manifest_is_a_finding(content, lite_version):
    path = lite_version / "manifest.json"
    path.write_bytes(content)
    (failure,) = manifest_failures(lite_version, path)
    assert failure.startswith(str(path)) and ": expected " in failure


@pytest.mark.parametrize("content", DAMAGED[:4])
def test_damaged_golden_requests_are_findings(content, lite_version):
    path = lite_version / "golden_requests.json"
    path.write_bytes(content)
    (digest, failure), report = examine(find_artifact(lite_version))
    assert digest.startswith("golden_requests.json: expected sha256 ")
    assert failure.startswith(str(path)) and ": expected " in failure
    assert report is None


@pytest.mark.parametrize(
    "code, said",
    [
        ("raise RuntimeError('no such thing')", "exit code 1, .* RuntimeError: no such thing"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9, .* nothing"),
    ],
)
def test_a_proof_that_breaks_off_is_a_finding(code, said, lite_version, monkeypatch, tmp_path):
    """Its process finds another NumPy than ours, which fails or is killed."""
    (tmp_path / "numpy.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    (failure,), _ = examine(find_artifact(lite_version))
    assert re.fullmatch(f"the proof broke off with {said}", failure)


def damage(path: Path, step: int) -> Iterator[None]:
    """Other content at each turn: the bytes of a file, one of them changed, and the halves."""
    content = path.read_bytes()
    for place in range(0, len(content), step):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        yield
        path.write_bytes(content[:place])
        yield
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["export_report.json", "model.json"])
def test_inspect_says_in_one_line_what_is_damaged(name, lite_version):
    artifact, path = find_artifact(lite_version), lite_version / name
    lines = set()
    for _ in damage(path, 5):
        try:
            described(artifact)
        except InputError as error:
            lines.add(str(error))
    assert len(lines) > 10
    assert all(line.startswith(str(path)) and ": expected " in line for line in lines)


def test_inspect_says_in_one_line_that_the_graph_is_damaged(version):
    path = version / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=f"{path}: expected a SavedModel. Received: "):
        described(find_artifact(version))


def test_a_warm_up_record_that_fails_is_found(version):
    path = version / "assets.extra/tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in [records[0].replace(b"serving_default", b"serving_defaunt"), *records[1:]]:
            writer.write(record)
    write_manifest(version, version / "assets.extra/manifest.json")
    done = run_module("export", "verify", version)
    assert done.returncode == 1
    assert done.stdout.startswith("warm-up record 1, serving_defaunt: ")


def test_warm_up_asks_every_signature_in_few_enough_requests(models):
    extra = models / "seqrec/1/assets.extra"
    requests = list(read_warmup(extra / "tf_serving_warmup_requests"))
    assert {name for name, _ in requests} == set(found(read_graph(models / "seqrec/1")))
    assert len(requests) < 1000  # from 1,001 on TensorFlow Serving refuses the version
    widths = {a["movie_ids"].shape[1] for name, a in requests if name == "serving_default"}
    assert {0, 1, 3, 10, 50, 200} <= widths  # 3 is the window


@pytest.mark.parametrize("name", ["absent", "file", "empty", "foreign"])
def test_what_is_no_exported_version_is_one_line_and_exit_code_2(tmp_path, name):
    path = tmp_path / name
    if name == "file":
        path.write_text("?")
    elif name == "empty":
        path.mkdir()
    elif name == "foreign":
        tf.saved_model.save(tf.Module(), str(path))
    for command in ("verify", "inspect"):
        done = run_module("export", command, path)
        assert (done.returncode, done.stdout) == (2, "")
        assert [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert str(path) in done.stderr and "expected" in done.stderr


def test_inspect_shows_signatures_files_and_figures(models):
    done = run_module("export", "inspect", models / "seqrec/1")
    assert done.returncode == 0, done.stderr
    for text in (
        "signature similar",
        "movie_ids int64 [?, ?]",
        "scores float32 [?, 4]",
        "saved_model.pb",
        "protocol",
        "retrieval",
        "exact",
    ):
        assert text in done.stdout, text
    done = run_module("export", "inspect", models / "seqrec-lite/1")
    assert "movie_ids int32 [length] -> movie_ids int32 [4]" in done.stdout, done.stderr
    assert "100.0% of the bytes" in done.stdout


def test_signatures_that_break_the_contract_are_named(models):
    golden = json.loads((models / "seqrec/1/assets.extra/golden_requests.json").read_text())
    model = read_graph(models / "seqrec/1")
    keys = ("id_name", "id_type", "k", "dim")
    assert signature_failures(model, promised(*(golden[key] for key in keys))) == []
    other = signature_failures(model, {**promised("movie_ids", "int64", 4, 9), "new": ({}, {})})
    assert [failure.split(":")[0] for failure in other] == ["signature new", "signature encode"]


def test_a_function_that_wants_xla_is_named(tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float32)
    module.call = tf.function(lambda x: x + np.float32(1), input_signature=[spec], jit_compile=True)
    tf.saved_model.save(module, str(tmp_path))
    assert len(compiled_functions(read_graph(tmp_path))) >= 1


def rewritten(manifest: Path, change) -> None:
    """The manifest with other text."""
    manifest.write_text(change(manifest.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def listed(tmp_path):
    """A folder of files with its manifest, as of a SavedModel."""
    folder = tmp_path / "1"
    (folder / "assets").mkdir(parents=True)
    (folder / "variables").mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables/data").write_bytes(b"numbers")
    write_manifest(folder, folder / "manifest.json")
    assert manifest_failures(folder, folder / "manifest.json") == []
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"bytes": 5', '"bytes": 6'),
        lambda text: text.replace('"bytes": 5', '"bytes": 5.0'),
        lambda text: text.replace('"bytes": 5', '"bytes": 05'),
        lambda text: text.replace('"bytes": 5', '"bytes": 5, "mode": 7'),
        lambda text: text.replace('"bytes": 5', '"bytes": 4, "bytes": 5'),
        lambda text: text.replace('"files"', '"note": "mine", "files"'),
        lambda text: text.replace('{\n  "files"', '{\n  "files": {},\n  "files"'),
        lambda text: text.replace("saved_model", "saved\\u005fmodel"),
        lambda text: text.replace("  ", "\t"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip(),
        lambda text: text + " ",
        lambda text: text + text,
        lambda text: text[:-9],
        lambda text: "\ufeff" + text,
        lambda text: json.dumps(json.loads(text)),
        lambda text: json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n",
        lambda text: text.upper(),
        lambda text: text.replace("variables/data", "variables//data"),
        lambda text: text.replace("variables/data", "/etc/passwd"),
    ],
)
def test_every_byte_of_the_manifest_counts(change, listed):
    manifest = listed / "manifest.json"
    rewritten(manifest, change)
    failures = manifest_failures(listed, manifest)
    assert failures
    assert all("\n" not in failure for failure in failures)


def test_flipped_bits_anywhere_in_the_manifest_are_found(listed):
    manifest = listed / "manifest.json"
    for _ in damage(manifest, 1):
        assert manifest_failures(listed, manifest), manifest.read_bytes()
    assert manifest_failures(listed, manifest) == []


STRANGERS = {
    "a folder elsewhere": lambda at, outside: at.symlink_to(outside, target_is_directory=True),
    "a folder inside": lambda at, outside: at.symlink_to("variables"),
    "a file": lambda at, outside: at.symlink_to(outside / "file"),
    "nothing": lambda at, outside: at.symlink_to("nowhere"),
    "itself": lambda at, outside: at.symlink_to(at.name),
    "an empty folder": lambda at, outside: at.mkdir(),
    "empty folders": lambda at, outside: (at / "deeper").mkdir(parents=True),
    "a pipe": lambda at, outside: os.mkfifo(at),
    "another name of a file": lambda at, outside: os.link(outside / "file", at),
}


@pytest.mark.parametrize("name", ["foreign", "variables/foreign", "two\nlines", b"\xff\xfe"])
@pytest.mark.parametrize("kind", STRANGERS)
def test_whatever_stands_beside_the_files_is_found(kind, name, listed, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"?")
    STRANGERS[kind](listed / os.fsdecode(name), outside)
    (failure,) = manifest_failures(listed, listed / "manifest.json")
    assert "not part of the export" in failure
    assert failure.isprintable()


def test_a_file_that_became_a_link_or_a_pipe_is_found_and_not_read(listed):
    data = listed / "variables/data"
    copy = data.rename(listed.parent / "copy")
    data.symlink_to(copy)  # the same content
    found = manifest_failures(listed, listed / "manifest.json")
    assert found == [
        "variables/data: missing",
        "variables/data: not part of the export, a symbolic link",
    ]
    data.unlink()
    os.mkfifo(data)
    assert "neither a file nor a folder" in manifest_failures(listed, listed / "manifest.json")[1]
    (listed / "manifest.json").rename(listed.parent / "manifest.json")
    (listed / "manifest.json").symlink_to(listed.parent / "manifest.json")
    assert "missing" in manifest_failures(listed, listed / "manifest.json")[0]


def test_what_does_not_matter_is_no_finding(listed, tmp_path):
    (listed / "saved_model.pb").chmod(0o600)
    (listed / "assets").rmdir()  # empty, so an archive may have lost it
    link = tmp_path / "link"
    link.symlink_to(listed)
    assert manifest_failures(link, link / "manifest.json") == []


def test_an_artifact_of_pipes_is_not_proven(lite_version):
    (lite_version / "golden_requests.json").unlink()
    os.mkfifo(lite_version / "golden_requests.json")
    failures, report = examine(find_artifact(lite_version))
    assert report is None and len(failures) == 3
    assert failures[-1] == "links or pipes, so the answers were not checked"
