"""A model that reads times, trained, exported, served and asked with the real commands."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import requests
from helpers.processes import free_port, run_module

from export.proof.runner import timed_answers
from serving.client import Recommender
from serving.protocol.errors import InputError

START, DAY = 1_600_000_000, 86_400
HISTORY = ["item3", "item4"]
TIMES, NOW = [START, START + 40], START + 30 * DAY
TRAIN = (
    "seqrec_tf.train --interactions log.csv --time-bias --dim 8 --layers 1 --window 6 --epochs 2 "
    "--min-steps 0 --no-blend --id-name item_ids --encoder gru4rec --run run"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A log whose users come back after seconds or weeks, a run and its artifacts."""
    folder = tmp_path_factory.mktemp("times")
    generator, lines = np.random.default_rng(0), ["user_id,item_id,timestamp"]
    for user in range(60):
        at = START
        for item in generator.permutation(12)[:6]:
            lines.append(f"u{user},item{item},{at}")
            at += int(generator.choice([20, 20 * DAY]))
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    for command in (TRAIN, "export --format all --run run --k 5"):
        done = run_module(*command.split(), cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def urls(folder) -> dict[str, str]:
    """The embedded server's, over both protocols."""
    ports = {"http": free_port(), "grpc": free_port()}
    flags = [f"--rest_api_port={ports['http']}", f"--port={ports['grpc']}"]
    command = [sys.executable, "-m", "serving", *flags]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    yield {protocol: f"{protocol}://localhost:{port}" for protocol, port in ports.items()}
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)
    assert server.returncode == 0


@pytest.fixture(scope="module")
def expected(folder) -> list[list[tuple]]:
    """(id, score) for the history told, and then not told, when it was."""
    ask = dict(timed_answers(folder / "models/seqrec/1", "item_ids"))["recommend_at"]
    answers = ask([HISTORY, HISTORY], [TIMES, []], [NOW, 0])
    return [list(zip(ids, scores, strict=True)) for ids, scores in answers]


def pairs(answer) -> list[tuple]:
    return [(each.id, each.score) for each in answer]


def near(expected: list[tuple]) -> list[tuple]:
    """As the proof wants it: to a ten-thousandth of the largest score, beside others or alone."""
    largest = max(abs(score) for _, score in expected)
    return [(raw, pytest.approx(score, abs=1e-4 * largest)) for raw, score in expected]


def near_scores(expected: list[tuple]) -> list:
    return [score for _, score in near(expected)]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_client_says_when_everything_was(urls, expected, protocol):
    told, untold = expected
    assert told != untold
    with Recommender(urls[protocol]) as client:
        for now in (NOW, [NOW]):
            (answer,) = client.recommend([HISTORY], timestamps=[TIMES], now=now)
            assert pairs(answer) == near(told)
        (plain,) = client.recommend([HISTORY])
        assert pairs(plain) == near(untold)
        # Histories of other lengths, beside others.
        both = client.recommend([["item1"], HISTORY], timestamps=[[5], TIMES], now=[9, NOW], k=2)
        assert pairs(both[1]) == near(told)[:2]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"timestamps": [[1]]}, "timestamps: expected one for each item, histories of 2 items"),
        ({"timestamps": [TIMES, TIMES]}, "timestamps: expected one for each item"),
        ({"now": [1, 2]}, "now: expected one time, or one for each of 1 histories. Received: 2"),
        ({"now": ["soon"]}, "expected 64-bit integers. Received: 'soon'"),
    ],
)
def test_times_that_do_not_fit_are_refused_before_they_are_sent(urls, times, message):
    with Recommender(urls["http"]) as client, pytest.raises(InputError) as caught:
        client.recommend([HISTORY], **times)
    assert message in str(caught.value)


def test_plain_json(urls, expected):
    told, untold = map(near_scores, expected)
    url = f"{urls['http']}/v1/models/seqrec"
    instance = {"item_ids": HISTORY, "timestamps": TIMES, "now": NOW}
    bodies = {
        "predict": {"signature_name": "timed", "instances": [instance]},
        "classify": {"signature_name": "examples", "examples": [instance, {"item_ids": HISTORY}]},
    }
    answers = {verb: requests.post(f"{url}:{verb}", json=body) for verb, body in bodies.items()}
    (row,) = answers["predict"].json()["predictions"]
    assert row["scores"] == told
    first, second = answers["classify"].json()["results"]
    assert [score for _, score in first] == told
    assert [score for _, score in second] == untold
    plain = requests.post(f"{url}:predict", json={"instances": [HISTORY]}).json()
    assert plain["predictions"][0]["scores"] == untold


def test_the_cards_say_how_to_ask_and_what_it_is_worth(folder):
    metrics = json.loads((folder / "run/metrics.json").read_text())
    worth = f"of requests that do not, NDCG@10 is {metrics['without_times']['ndcg@10']:.4f}"
    served, lite = "models/seqrec/1/assets.extra", "models/seqrec-lite/1"
    for card, said in (
        ("run", worth),
        (served, worth),
        (lite, worth),
        (served, "The signature `timed` also takes `timestamps`"),
        (lite, "It also takes `timestamps` int64 [length]"),
    ):
        text = " ".join((folder / card / "README.md").read_text().split())
        assert said in text, card
    for card in (served, lite):
        assert "0 is an unknown time" in (folder / card / "README.md").read_text()


def test_the_command(urls, expected):
    flags = ["--url", urls["http"], "--json", "--now", str(NOW), "--timestamps", *map(str, TIMES)]
    done = run_module("serving.client", *HISTORY, *flags)
    assert done.returncode == 0, done.stderr
    assert [item["id"] for item in json.loads(done.stdout)] == [raw for raw, _ in expected[0]]
