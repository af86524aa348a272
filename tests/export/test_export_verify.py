"""`python -m export verify` and `inspect`: good versions pass, each kind of damage is named."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from export.contract import compiled_functions, found, promised, read_graph, signature_failures
from export.manifest import manifest_failures, write_manifest
from export.warmup import read_warmup


@pytest.fixture
def version(models, tmp_path):
    """A copy of the exported SavedModel that a test may damage."""
    return shutil.copytree(models / "seqrec/1", tmp_path / "1")


def test_a_good_savedmodel_passes(build, models):
    done = build.run_module("export", "verify", models / "seqrec/1")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    assert "54 golden requests answered as promised" in done.stdout  # 6 forms x 8, and 6 calls


def test_a_good_lite_file_passes(build, models):
    done = build.run_module("export", "verify", models / "seqrec-lite/1")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    assert "built-in ops" in done.stdout


def test_a_flipped_bit_in_the_variables_is_found(build, version):
    path = version / "variables/variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = build.run_module("export", "verify", version)
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


def test_a_warm_up_record_that_fails_is_found(build, version):
    path = version / "assets.extra/tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in [records[0].replace(b"serving_default", b"serving_defaunt"), *records[1:]]:
            writer.write(record)
    write_manifest(version, version / "assets.extra/manifest.json")
    done = build.run_module("export", "verify", version)
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
def test_what_is_no_exported_version_is_one_line_and_exit_code_2(build, tmp_path, name):
    path = tmp_path / name
    if name == "file":
        path.write_text("?")
    elif name == "empty":
        path.mkdir()
    elif name == "foreign":
        tf.saved_model.save(tf.Module(), str(path))
    for command in ("verify", "inspect"):
        done = build.run_module("export", command, path)
        assert (done.returncode, done.stdout) == (2, "")
        assert [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert str(path) in done.stderr and "expected" in done.stderr


def test_inspect_shows_signatures_files_and_figures(build, models):
    done = build.run_module("export", "inspect", models / "seqrec/1")
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
    done = build.run_module("export", "inspect", models / "seqrec-lite/1")
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
