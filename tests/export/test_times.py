"""Times in requests: every artifact and form reads them alike, and unknown ones are no error."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from helpers.tensors import ragged

from export import BatchOptions, ExportOptions, batch_score, export_run, refresh
from export.litert.runner import lite_answers
from export.proof.artifacts import prove
from export.proof.runner import serialize, signature_caller, timed_answers
from seqrec_tf.models import GRU4Rec, SASRec

K, WINDOW, ITEMS = 4, 3, 12
START, DAY = 1_600_000_000, 86_400
HISTORIES = [[11, 22, 33], [44], [], [5, 66], [11, 22, 33, 44, 55]]  # 5 is not in the catalogue
TIMES = [[START, START + 5, START + 9 * DAY], [START], [], [START, START + DAY], [*range(1, 6)]]
NOW = [START + 10 * DAY, 0, START, START + 90 * DAY, 6]


def encoder_of(kind: str):
    """Random weights, also of what reads times, so that those show."""
    keras.utils.set_random_seed(0)
    arguments = {"items": ITEMS, "window": WINDOW, "dim": 8, "layers": 2, "dropout": 0.1}
    if kind == "gru4rec":
        encoder = GRU4Rec(time_bias=True, **arguments)
    else:
        encoder = SASRec(heads=2, positions="relative", time_bias=True, **arguments)
    generator = np.random.default_rng(0)
    for variable in encoder.trainable_variables:
        variable.assign(generator.normal(0, 1, variable.shape))
    return encoder


@pytest.fixture(scope="module", params=["gru4rec", "sasrec"])
def exported(request, build, tmp_path_factory):
    """Version folders of a SavedModel and a LiteRT file, proven, and their encoder."""
    folder, encoder = tmp_path_factory.mktemp(request.param), encoder_of(request.param)
    run = build.run(folder / "run", encoder, build.catalogue("int64"))
    options = ExportOptions(output=folder / "models", k=K, formats=("savedmodel", "tflite"))
    lite, saved = export_run(run, options)
    return encoder, lite, saved


def vectors(encoder) -> np.ndarray:
    """What the histories above are, with times of the items that are known."""
    rows = [[1, 2, 3], [4], [], [6], [1, 2, 3, 4, 5]]
    known = [*TIMES[:3], TIMES[3][1:], TIMES[4]]
    times = [[*each, now] for each, now in zip(known, NOW, strict=True)]
    return encoder.encode(ragged(rows), ragged(times, tf.int64)).numpy()


def wanted(encoder) -> list[list[float]]:
    """Scores of the best items that are not in the history."""
    scores = vectors(encoder) @ encoder.item_table().numpy().T
    found = []
    for row, history in zip(scores, HISTORIES, strict=True):
        row[[0, *(raw // 11 for raw in history if raw % 11 == 0)]] = -np.inf
        found.append(sorted(row.tolist(), reverse=True)[:K])
    return found


def test_every_form_and_the_phone_answer_as_the_encoder_does(exported):
    encoder, lite, saved = exported
    forms = dict(timed_answers(saved, "movie_ids"))
    assert set(forms) == {"recommend_at", "timed", "examples, timed"}
    forms["litert"] = lite_answers(lite)
    expected = wanted(encoder)
    for form, ask in forms.items():
        if form == "timed":  # padded on the left, so of one length with the ids
            answers = [ask([h], [t], [n])[0] for h, t, n in zip(HISTORIES, TIMES, NOW, strict=True)]
        else:
            answers = ask(HISTORIES, TIMES, NOW)
        for number, (_, scores) in enumerate(answers):
            if HISTORIES[number]:  # who has none gets the popularity ranking
                np.testing.assert_allclose(scores, expected[number], rtol=1e-4, err_msg=form)


def test_times_change_the_answer_and_none_at_all_are_unknown_ones(exported):
    _, lite, saved = exported
    ask = dict(timed_answers(saved, "movie_ids"))["recommend_at"]
    told, unknown = ask(HISTORIES, TIMES, NOW), ask(HISTORIES, [[] for _ in NOW], [0] * 5)
    model = tf.saved_model.load(str(saved))
    plain = model.recommend(ragged(HISTORIES, tf.int64))["scores"].numpy()
    np.testing.assert_allclose([scores for _, scores in unknown], plain, rtol=1e-5)
    assert not np.allclose([scores for _, scores in told], plain, rtol=1e-2)
    np.testing.assert_allclose([s for _, s in lite_answers(lite)(HISTORIES)], plain, rtol=1e-4)
    # A history with another number of them has none.
    wrong = ask(HISTORIES, [[1], [1, 2], [3], [4], [9] * 6], [0] * 5)
    np.testing.assert_allclose([scores for _, scores in wrong], plain, rtol=1e-5)


def test_options_and_times_of_one_request(exported):
    encoder, _, saved = exported
    request = {"movie_ids": HISTORIES[:1], "timestamps": TIMES[:1], "now": NOW[:1]}
    with signature_caller(saved) as call:
        answer = call("recommend", {**request, "k": 2, "exclude_ids": [44]})
        padded = {"movie_ids": [[0, *HISTORIES[0]]], "timestamps": [[7, *TIMES[0]]], "now": NOW[:1]}
        assert call("timed", padded)["scores"][0] == pytest.approx(wanted(encoder)[0], rel=1e-4)
        for shape in ([[1, 2]], [[1, 2, 3], [4, 5, 6]], [[]]):
            with pytest.raises(tf.errors.InvalidArgumentError, match="a timestamp for each id"):
                call("timed", {**request, "timestamps": shape})
        with pytest.raises(tf.errors.InvalidArgumentError, match="one now, or one for each"):
            call("timed", {**request, "now": [1, 2]})
    scores = vectors(encoder)[0] @ encoder.item_table().numpy().T
    scores[[0, 1, 2, 3, 4]] = -np.inf
    assert answer["scores"][0] == pytest.approx(sorted(scores.tolist())[:-3:-1], rel=1e-4)


@pytest.mark.parametrize("exported", ["gru4rec"], indirect=True)
@pytest.mark.parametrize(
    ("timestamps", "now"), [([], [5]), ([1, 2], []), ([1], [2, 3]), ([-5], [-(2**63)])]
)
def test_an_example_may_lack_any_of_it(exported, timestamps, now):
    times = {"timestamps": timestamps, "now": now}
    text = serialize([11, 22], "movie_ids", times)
    with signature_caller(exported[2]) as call:
        answer = call("examples", {"inputs": [text, serialize([], "movie_ids", times)]})
    assert np.isfinite(answer["scores"]).all()


@pytest.mark.parametrize("exported", ["gru4rec"], indirect=True)
def test_the_proof_sees_an_artifact_that_reads_other_times(exported, tmp_path):
    _, lite, saved = exported
    for folder, path in (
        (saved, "assets.extra/golden_requests.json"),
        (lite, "golden_requests.json"),
    ):
        golden = json.loads((folder / path).read_text())
        names = {request["name"] for request in golden["timed"]}
        assert {"times", "no_times", "times_of_unknown_ids", "backwards", "largest"} <= names
        kept = (folder / path).read_text()
        golden["timed"][0]["now"][1] += 400 * DAY
        (folder / path).write_text(json.dumps(golden))
        try:
            failures = prove([folder]).failures
        finally:
            (folder / path).write_text(kept)
        assert failures and all(", times, history 1" in failure for failure in failures)


@pytest.mark.parametrize("exported", ["sasrec"], indirect=True)
def test_a_refresh_goes_on_reading_times(exported):
    encoder, _, saved = exported
    (saved.parent / "new.csv").write_text("id,action,title,neighbours\n200,add,New,33|44\n")
    again = refresh(saved.parent / "new.csv", saved)[0]
    before, after = (
        dict(timed_answers(each, "movie_ids"))["recommend_at"] for each in (saved, again)
    )
    one, other = (ask(HISTORIES[:1], TIMES[:1], NOW[:1])[0] for ask in (before, after))
    new = dict(zip(*other, strict=True))
    assert [new[raw] for raw in one[0] if raw in new] == pytest.approx(
        [score for raw, score in zip(*one, strict=True) if raw in new], rel=1e-4
    )
    report = json.loads((again / "assets.extra/export_report.json").read_text())
    assert report["reads_times"] is True


@pytest.fixture
def log(tmp_path) -> Path:
    """The histories that have times of their own, in disorder."""
    rows = [
        (user, item, time)
        for user in (0, 1, 3)
        for item, time in zip(HISTORIES[user], TIMES[user], strict=True)
    ]
    columns = ["user_id", "item_id", "timestamp"]
    pd.DataFrame(rows[::-1], columns=columns).to_csv(tmp_path / "log.csv", index=False)
    return tmp_path / "log.csv"


@pytest.mark.parametrize("exported", ["sasrec"], indirect=True)
@pytest.mark.parametrize(("k", "now"), [(None, None), (None, START + 30 * DAY), (3, None)])
def test_a_batch_is_asked_with_the_times_of_the_log(exported, log, k, now):
    _, _, saved = exported
    output = log.with_name("all.parquet")
    batch_score(saved, log, output, BatchOptions(k=k, now=now))
    found = pd.read_parquet(output)
    ask = dict(timed_answers(saved, "movie_ids"))["recommend_at"]
    users = [0, 1, 3]
    moment = START + 9 * DAY if now is None else now  # else that of the newest interaction
    answers = ask([HISTORIES[u] for u in users], [TIMES[u] for u in users], [moment] * 3)
    for user, (ids, scores) in zip(users, answers, strict=True):
        rows = found[found.user == user]
        assert rows.movie_id.tolist() == ids[: k or K]
        np.testing.assert_allclose(rows.score, scores[: k or K], rtol=1e-5)


@pytest.mark.parametrize("exported", ["sasrec"], indirect=True)
def test_lists_have_no_times(exported, tmp_path):
    _, _, saved = exported
    lines = [json.dumps({"user_id": user, "watched": HISTORIES[user]}) for user in range(5)]
    (tmp_path / "users.jsonl").write_text("\n".join(lines) + "\n")
    options = BatchOptions(history_column="watched")
    batch_score(saved, tmp_path / "users.jsonl", tmp_path / "all.parquet", options)
    model = tf.saved_model.load(str(saved))
    plain = model.recommend(ragged(HISTORIES, tf.int64))
    found = pd.read_parquet(tmp_path / "all.parquet")
    assert found[found.user == 0].movie_id.tolist() == plain["movie_ids"][0].numpy().tolist()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--history-column", "watched"], "--now: expected a log with times"),
        ([], "--now: expected a model that was trained with --time-bias"),
    ],
)
def test_a_now_that_nobody_reads_is_refused(models, log, flags, said):
    command = [sys.executable, "-m", "export.batch", "--model", str(models / "seqrec/2")]
    given = ["--histories", str(log), "--output", str(log.with_name("a.parquet")), "--now", "5"]
    done = subprocess.run([*command, *given, *flags], capture_output=True, text=True)
    assert done.returncode == 2 and f"error: {said}" in done.stderr
    assert not log.with_name("a.parquet").exists()
