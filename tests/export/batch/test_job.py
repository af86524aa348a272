"""`python -m export.batch`: the model's own answers for everybody, also after a kill."""

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from helpers.processes import environment

from export.artifact.manifest import write_manifest
from export.batch import __main__ as batch
from seqrec_tf.json_files import write_json

TITLES = {11 * row: f"Title é {row}" for row in range(1, 13)}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """`python -m export.batch` in this process: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*flags) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["export.batch", *map(str, flags)])
        code = 0
        try:
            batch.main()
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def version(models) -> Path:
    return models / "seqrec/2"


@pytest.fixture(scope="module")
def everybody() -> dict[int, list[int]]:
    """25 users with 1 to 40 of 15 items, of which 0, -1 and 5 are not in the catalogue."""
    generator = random.Random(0)
    known = [*TITLES, 0, -1, 5]
    return {user: generator.choices(known, k=generator.randint(1, 40)) for user in range(3, 28)}


def write_log(path: Path, histories: dict[int, list[int]]) -> list:
    """Flags for a log of a row an interaction, in an order that is neither of users nor of time."""
    rows = [(user, item, at) for user, items in histories.items() for at, item in enumerate(items)]
    random.Random(2).shuffle(rows)
    pd.DataFrame(rows, columns=["who", "what", "when"]).to_csv(path, index=False)
    names = {"--user-column": "who", "--item-column": "what", "--time-column": "when"}
    return ["--histories", path, *(part for pair in names.items() for part in pair)]


@pytest.fixture
def log(everybody, tmp_path) -> list:
    return write_log(tmp_path / "log.csv", everybody)


def expected(version: Path, histories: dict, **options) -> pd.DataFrame:
    """The answers of the restored model, asked for each user alone."""
    model = tf.saved_model.load(str(version))
    rows = []
    for user, items in sorted(histories.items()):
        if options:
            no_ids = tf.constant([], tf.int64)
            answer = model.signatures["recommend"](
                movie_ids=tf.constant([items], tf.int64), exclude_ids=no_ids, **options
            )
        else:
            answer = model.recommend(tf.ragged.constant([items], dtype=tf.int64))
        ids, scores = (answer[name].numpy()[0].tolist() for name in ("movie_ids", "scores"))
        rows += [
            (user, rank, raw, TITLES[raw], score)
            for rank, (raw, score) in enumerate(zip(ids, scores, strict=True), start=1)
            if raw
        ]
    return pd.DataFrame(rows, columns=["user", "rank", "movie_id", "title", "score"])


def assert_same(path: Path, wanted: pd.DataFrame) -> None:
    found = pd.read_parquet(path)
    assert found["score"].dtype == np.float32
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-5)


def published(exported, id_type: str, folder: Path) -> Path:
    """A SavedModel of conftest.py as a version, as far as this command reads one."""
    version = shutil.copytree(exported.folder, folder / "1")
    extra = version / "assets.extra"
    extra.mkdir(exist_ok=True)
    write_json(extra / "export_report.json", {"k": 4, "items": 12})
    golden = {"id_name": exported.id_name, "id_type": id_type, "k": 4}
    write_json(extra / "golden_requests.json", golden)
    write_manifest(version, extra / "manifest.json")
    return version


def test_everybody_gets_what_the_model_answers(run, version, everybody, log, tmp_path):
    """In parts of 7 users and steps of 3, the last ones smaller."""
    flags = ["--model", version, *log, "--batch-size", 3, "--users-a-part", 7]
    code, out, err = run(*flags, "--output", "out/all.parquet")
    assert (code, out) == (0, "out/all.parquet\n"), err
    assert "part 4 of 4: 25 users" in err and "warning" not in err
    wanted = expected(version, everybody)
    assert len(wanted) < 25 * 4  # some have fewer than k left
    assert_same(tmp_path / "out/all.parquet", wanted)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["all.parquet"]


def test_items_of_which_the_catalogue_knows_few_are_said(run, saved, tmp_path):
    version = published(saved["int64"], "int64", tmp_path)
    log = write_log(tmp_path / "log.csv", {1: [0, 5, 11], "nan": [22, 5], 3: [5, 7]})
    code, out, err = run("--model", version, *log, "--output", "all.parquet")
    assert (code, out) == (0, "all.parquet\n"), err
    start, path = "warning: --histories", tmp_path / "log.csv"
    assert [line for line in err.splitlines() if "warning" in line] == [
        f"{start} {path}, column 'who': 1 of 3 ids are no plain integers below 2^63, so all are "
        "texts; the first: 'nan'.",
        f"{start} {path}: 5 of 7 items are not in the catalogue of {version}; the first: 0.",
    ]


def test_another_k_and_the_largest_version(run, models, version, everybody, log, tmp_path):
    code, out, err = run("--model", models / "seqrec", *log, "--k", 9, "--output", "a.parquet")
    assert (code, out) == (0, "a.parquet\n"), err
    wanted = expected(version, everybody, k=tf.constant(9), filter_seen=tf.constant(True))
    assert_same(tmp_path / "a.parquet", wanted)


def as_version(folder: Path) -> Path:
    """A SavedModel with what the batch job reads beside it."""
    extra = folder / "assets.extra"
    extra.mkdir(exist_ok=True)
    write_json(extra / "export_report.json", {"k": 4, "items": 12})
    golden = {"id_name": "movie_ids", "id_type": "int64", "k": 4}
    write_json(extra / "golden_requests.json", golden)
    write_manifest(folder, extra / "manifest.json")
    return folder


def titled(tf_ids: tf.Tensor, boost: tf.Tensor, k: tf.Tensor) -> dict:
    """Items 11, 22, ... as the answer to each history, with the scores boost, boost - 1, ..."""
    ids = tf.tile(11 * tf.range(1, tf.cast(k, tf.int64) + 1)[tf.newaxis], [tf.shape(tf_ids)[0], 1])
    scores = boost - tf.cast(ids // 11 - 1, tf.float32)
    return {"movie_ids": ids, "titles": tf.strings.as_string(ids), "scores": scores}


def with_unknown_option(folder: Path, default: bool) -> Path:
    """A model whose `recommend` has an input that nobody knows yet, `boost`."""
    four, half = tf.constant(4), tf.constant(0.5)

    def recommend(movie_ids, k=four, boost=half):
        return titled(movie_ids, boost, k)

    inputs = [
        tf.TensorSpec([None, None], tf.int64, "movie_ids"),
        tf.TensorSpec([], tf.int32, "k"),
        tf.TensorSpec([], tf.float32, "boost"),
    ]
    called = recommend if default else lambda movie_ids, k, boost: recommend(movie_ids, k, boost)
    function = tf.function(called, input_signature=inputs)
    module = tf.Module()
    module.ids = tf.Variable([0, *TITLES], dtype=tf.int64)
    tf.saved_model.save(module, str(folder), signatures={"recommend": function})
    return as_version(folder)


def test_options_of_the_model_take_their_defaults(run, categorised, tmp_path):
    """Categories, and an input that nobody knows; without a default it is said."""
    pd.DataFrame({"user_id": [1], "seen": [[88, 99]]}).to_parquet(tmp_path / "users.parquet")
    flags = ["--histories", "users.parquet", "--history-column", "seen", "--force"]
    version = as_version(shutil.copytree(categorised.folder, tmp_path / "1"))
    for k in (3, 9):
        code, _, err = run("--model", version, *flags, "--k", k, "--output", "all.parquet")
        assert code == 0, err
        ids = pd.read_parquet(tmp_path / "all.parquet")["movie_id"].tolist()
        assert ids == [110, 11, 22, 33, 44, 55, 66, 77, 121][:k]
    for default in (True, False):
        version = with_unknown_option(tmp_path / f"unknown-{default}", default)
        code, _, err = run("--model", version, *flags, "--k", 2, "--output", "b.parquet")
        if default:
            assert code == 0, err
            assert pd.read_parquet(tmp_path / "b.parquet")["score"].tolist() == [0.5, -0.5]
    assert code == 2 and "Received: none for boost, k." in err
    assert sum(line.startswith("error: ") for line in err.splitlines()) == 1


def test_lists_of_text_ids_and_nobody_without_history(run, saved, tmp_path):
    """After row 8 comes row 9; without history, or with unknown items only, the most popular."""
    exported = saved["string"]
    version = published(exported, "string", tmp_path)
    rows = {"zoë": [2, 8], "ann": [], "bob": [99], "cy": list(range(1, 13)), "dan": range(1, 11)}
    seen = [[exported.raw(row) for row in history] for history in rows.values()]
    pd.DataFrame({"user_id": list(rows), "seen": seen}).to_parquet(tmp_path / "users.parquet")
    flags = ["--histories", "users.parquet", "--history-column", "seen", "--output", "all.parquet"]
    code, _, err = run("--model", version, *flags)
    assert code == 0, err
    found = pd.read_parquet(tmp_path / "all.parquet")
    assert list(found.columns) == ["user", "rank", "item_id", "title", "score"]
    answers = {
        user: [exported.row(raw) for raw in group["item_id"]]
        for user, group in found.groupby("user", sort=False)
    }
    popular = [9, 2, 4, 12]
    after_8 = [9, 1, 3, 4]
    assert list(answers.items()) == [
        ("ann", popular),
        ("bob", popular),
        ("dan", [11, 12]),
        ("zoë", after_8),
    ]
    assert found["title"].iloc[-1] == "Title é 4"
    assert found["rank"].tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 1, 2, 3, 4]


def test_a_killed_job_goes_on_and_ends_as_an_undisturbed_one(run, version, tmp_path):
    generator = random.Random(1)
    histories = {user: generator.choices(list(TITLES), k=5) for user in range(400)}
    log = write_log(tmp_path / "log.csv", histories)
    flags = ["--model", version, *log, "--batch-size", 4, "--users-a-part", 4]
    parts = tmp_path / "killed.parquet.parts"
    process = start(tmp_path, *flags, "--output", "killed.parquet")
    try:
        patience = time.monotonic() + 120
        while not (parts / "part-00001.parquet").exists() and time.monotonic() < patience:
            assert process.poll() is None, (tmp_path / "stderr.txt").read_text()
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    finished = {path: path.stat().st_mtime_ns for path in parts.glob("part-*")}
    assert 2 <= len(finished) < 100 and not (tmp_path / "killed.parquet").exists()

    code, _, err = run(*flags, "--k", 3, "--output", "killed.parquet")
    assert code == 2 and "--k: killed.parquet.parts was begun with 4; expected the same" in err
    assert {path: path.stat().st_mtime_ns for path in parts.glob("part-*")} == finished

    code, out, err = run(*flags, "--output", "killed.parquet")
    assert (code, out) == (0, "killed.parquet\n"), err
    assert f"400 users, {4 * len(finished)} of them done before" in err
    assert f"part {len(finished) + 1} of 100" in err and "part 2 of" not in err
    assert not parts.exists()
    assert run(*flags, "--output", "whole.parquet")[0] == 0
    assert (tmp_path / "killed.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def start(folder: Path, *flags) -> subprocess.Popen:
    with open(folder / "stderr.txt", "w") as progress:
        return subprocess.Popen(
            [sys.executable, "-m", "export.batch", *map(str, flags)],
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=progress,
        )


def test_a_history_longer_than_the_graph_takes_is_one_line(run, version, tmp_path, monkeypatch):
    monkeypatch.setattr("export.batch.scoring.MOST_IDS", 7)
    flags = write_log(tmp_path / "log.csv", {3: [11], 4: [11, 22] * 4, 5: [22]})
    code, _, stderr = run("--model", version, *flags, "--output", "all.parquet")
    assert (code, stderr.splitlines()[-1]) == (
        2,
        "error: user 4: expected a history of at most 7 items. Received: 8.",
    )
    assert not (tmp_path / "all.parquet").exists()


def test_an_output_is_replaced_by_force_only(run, version, log, tmp_path):
    (tmp_path / "all.parquet").write_text("mine")
    flags = ["--model", version, *log, "--output", "all.parquet"]
    code, out, err = run(*flags)
    assert (code, out) == (2, "")
    assert "error: --output: all.parquet exists; expected a new name, or --force" in err
    assert (tmp_path / "all.parquet").read_text() == "mine"
    assert not (tmp_path / "all.parquet.parts").exists()
    assert run(*flags, "--force")[0] == 0
    assert pd.read_parquet(tmp_path / "all.parquet")["user"].nunique() > 20


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model", "nowhere"], "nowhere: expected the folder of an exported version"),
        (["--model", "{models}/seqrec-lite/1"], "--model: expected a SavedModel.* the LiteRT file"),
        (["--histories", "none.csv"], "--histories none.csv: expected a file"),
        (["--histories", "log.txt"], "expected a file that ends in .csv, .tsv.*'log.txt'"),
        (["--item-column", "sku"], "expected one column 'sku' .--item-column names another"),
        (["--time-column", "who"], "--user-column and --time-column: expected different columns"),
        (["--output", "all.csv"], "--output: expected a name that ends in .parquet.*all.csv"),
        (["--k", 0], "--k: expected 1 to 12, the size of the catalogue. Received: 0"),
        (["--k", 13], "--k: expected 1 to 12, the size of the catalogue. Received: 13"),
        (["--batch-size", 0], "--batch-size: expected at least 1. Received: 0"),
        (["--users-a-part", 0], "--users-a-part: expected at least 1. Received: 0"),
        (["--history-column", "x"], "--history-column: expected lists.* Received: --item-column"),
        (["--histories", "bad.csv"], "bad.csv, line 3, column 'what': expected an int64 id"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(flags, said, run, models, log, tmp_path):
    shutil.copy(tmp_path / "log.csv", tmp_path / "log.txt")
    (tmp_path / "bad.csv").write_text("who,what,when\n1,11,1\n1,Alien,2\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    defaults = ["--model", models / "seqrec/1", *log, "--output", "all.parquet"]
    code, out, err = run(*defaults, *(str(flag).format(models=models) for flag in flags))
    assert (code, out) == (2, "")
    (line,) = [line for line in err.splitlines() if not line.startswith("reading ")]
    assert re.fullmatch(f"error: .*{said}.*", line)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
