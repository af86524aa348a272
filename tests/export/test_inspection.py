"""`inspect` shows a whole version or says in one line what is damaged."""

import json
import shutil
import sys

import pytest

from export.__main__ import main
from export.artifact.manifest import manifest_failures


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("seqrec/1/assets.extra/export_report.json", "{", "line 1: expected JSON"),
        ("seqrec/1/assets.extra/export_report.json", "{}", "Received: KeyError: 'packages'"),
        ("seqrec/1/saved_model.pb", "", "expected a SavedModel. Received: a file without a graph"),
        ("seqrec/1/saved_model.pb", "?", "saved_model.pb: expected a SavedModel. Received: Error"),
        ("seqrec-lite/1/model.json", "[]", "model.json: expected a JSON object. Received: list"),
        ("seqrec-lite/1/model.json", "{}", "Received: KeyError: 'report'"),
    ],
)
def test_a_damaged_version_is_one_line(
    file, content, message, models, tmp_path, capsys, monkeypatch
):
    version = tmp_path / "version"
    shutil.copytree(models / "/".join(file.split("/")[:2]), version)
    (version / "/".join(file.split("/")[2:])).write_text(content)
    monkeypatch.setattr(sys, "argv", ["export", "inspect", str(version)])
    with pytest.raises(SystemExit) as caught:
        main()
    output = capsys.readouterr()
    assert (caught.value.code, output.out) == (2, "")
    lines = output.err.splitlines()
    (line,) = lines[lines[0].startswith("loading TensorFlow") :]
    assert line.startswith("error: ") and message in line


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"files": {"a": {}}})])
def test_a_damaged_manifest_is_a_finding(content, tmp_path):
    (tmp_path / "manifest.json").write_text(content)
    failures = manifest_failures(tmp_path, tmp_path / "manifest.json")
    assert any("manifest.json" in failure and "expected" in failure for failure in failures)
