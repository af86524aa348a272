"""`evaluate` repeats a run's own metrics, ranks under P4, and refuses whatever would leak."""

import contextlib
import io
import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from seqrec_tf import evaluate, train

USERS, ITEMS = 30, 130
SMALL = shlex.split(
    "--interactions log.csv --dim 8 --layers 1 --window 6 --batch-size 16 --epochs 1 "
    "--min-item-count 1"
)
LABEL = "(min_item_count=1)"


def _command(command, folder: Path, *argv: str) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["command", *argv])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                command.main()
            except SystemExit as end:
                code = end.code
    return code, out.getvalue(), err.getvalue()


def _write_log(path: Path, items: int = ITEMS) -> None:
    rows = [
        f"{user},{(7 * user + 3 * step) % items + 1},{step}"
        for user in range(USERS)
        for step in range(10)
    ]
    path.write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs under P1 (`p1`) and PT (`pt`)."""
    folder = tmp_path_factory.mktemp("evaluate")
    _write_log(folder / "log.csv")
    for protocol, run in (("PT", "pt"), ("P1", "p1")):
        code, _, err = _command(train, folder, *SMALL, "--protocol", protocol, "--run", run)
        assert code == 0, err
    return folder


@pytest.mark.parametrize("argv", [["p1"], ["p1", "--protocol", "P1"], []])
def test_json_is_what_training_wrote(folder, argv):
    code, out, err = _command(evaluate, folder, *argv, "--json")
    assert code == 0, err
    written = json.loads((folder / "p1/metrics.json").read_text())
    assert written["protocol"] == f"P1 {LABEL}"
    assert json.loads(out) == written


def test_a_table_names_protocol_columns_and_verdict(folder):
    code, out, _ = _command(evaluate, folder, "pt")
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith("protocol PT, ")
    assert lines[1].split()[:3] == ["hit_rate@5", "hit_rate@10", "hit_rate@20"]
    names = [line.split("(")[0].split(",")[0].strip() for line in lines[2:9]]
    baselines = ["popularity", "recent popularity", "markov", "item-knn", "ease"]
    assert names == ["sasrec", "sasrec", *baselines]
    metrics = json.loads((folder / "pt/metrics.json").read_text())
    rival = metrics["against"]["baseline"]
    assert rival in baselines
    said = " ".join(lines)
    assert f"(test, paired, 95 %); {rival} is the best baseline in validation." in said
    assert "no hit in 20" in said and max(map(len, lines[16:])) <= 110


def test_p4_of_a_run_of_p1(folder):
    code, out, err = _command(evaluate, folder, "p1", "--protocol", "P4", "--json")
    assert code == 0, err
    sampled, whole = json.loads(out), json.loads((folder / "p1/metrics.json").read_text())
    assert list(sampled) == list(whole)
    assert sampled["protocol"] == f"P4 {LABEL}" and sampled["users"] == USERS
    # A hundred rivals are some of all rivals, so nobody ranks lower, and somebody higher.
    pairs = [(sampled[part], whole[part]) for part in ("test", "validation")]
    assert all(one["hit_rate@20"] >= other["hit_rate@20"] for one, other in pairs)
    assert any(one["ndcg@20"] > other["ndcg@20"] for one, other in pairs)
    assert _command(evaluate, folder, "p1", "--protocol", "P4", "--json")[1] == out


@pytest.mark.parametrize(
    ("run", "protocol", "advice"),
    [
        ("p1", "PT", "train with --protocol PT"),
        ("p1", "P2", "train with --protocol P2"),
        ("pt", "P1", "train with --protocol P1"),
        ("pt", "P4", "train with --protocol P1"),
    ],
)
def test_a_protocol_that_would_leak_is_refused(folder, run, protocol, advice):
    code, out, err = _command(evaluate, folder, run, "--protocol", protocol)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: --protocol: {run} was trained under {run.upper()}")
    assert advice in err and err.endswith(f"Received: {protocol}.\n")


def test_an_unfinished_run_is_refused(folder):
    shutil.copytree(folder / "p1", folder / "unfinished")
    (folder / "unfinished/metrics.json").unlink()
    code, out, err = _command(evaluate, folder, "unfinished")
    assert (code, out) == (2, "")
    assert "unfinished: expected a finished run" in err
    assert "`python -m seqrec_tf.train --resume --run unfinished`" in err


@pytest.mark.parametrize("run", ["p1", "pt"])
def test_data_that_has_changed_is_refused(folder, tmp_path, run):
    shutil.copytree(folder, tmp_path / "moved", symlinks=True)
    log = tmp_path / "moved/log.csv"
    newest = [f"{user},{(7 * user + 3) % ITEMS + 1},{t}" for user in range(USERS) for t in (10, 11)]
    log.write_text(log.read_text() + "\n".join(newest) + "\n")
    code, out, err = _command(evaluate, tmp_path / "moved", run)
    assert (code, out, err.count("\n")) == (2, "", 2)
    assert err.startswith("loading TensorFlow")
    assert f"error: {run}: expected the log that it was trained on" in err
    assert "the data has changed since training" in err
    assert f"Received: log.csv, {2 * USERS} interactions more, the last time is 11" in err


def test_a_run_from_before_digests_is_evaluated_with_a_warning(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "old", symlinks=True)
    (tmp_path / "old/p1/interactions.json").unlink()
    metrics = json.loads((tmp_path / "old/p1/metrics.json").read_text())
    (tmp_path / "old/p1/metrics.json").write_text(json.dumps({"protocol": metrics["protocol"]}))
    code, out, err = _command(evaluate, tmp_path / "old", "p1", "--json")
    assert code == 0 and err.count("warning: p1: trained before runs kept a digest") == 1
    assert json.loads(out)["test"] == metrics["test"]
    _write_log(tmp_path / "old/log.csv", items=ITEMS - 1)
    code, out, err = _command(evaluate, tmp_path / "old", "p1")
    assert (code, out) == (2, "")
    assert "p1/items.csv: expected the catalogue of the data" in err.splitlines()[-1]
