"""The client, against a real server with recommenders whose right answer is obvious.

After a history of n items the fake recommender recommends the items n + 1 and n + 2.
"""

import json

import pytest

from serving.client import Recommendation, Recommender, table
from serving.errors import InputError


def test_ragged_histories(server):
    answers = Recommender(server.url).recommend([[1193, 661], [], [914]])
    assert answers == [
        [Recommendation(3, "Movie 3", 0.75), Recommendation(4, "Movie 4", 0.5)],
        [Recommendation(1, "Movie 1", 0.75), Recommendation(2, "Movie 2", 0.5)],
        [Recommendation(2, "Movie 2", 0.75), Recommendation(3, "Movie 3", 0.5)],
    ]
    assert Recommender(server.url).recommend([]) == []


def test_string_ids_under_another_name(server):
    recommender = Recommender(server.url + "/", model="strings")
    assert recommender.recommend([["tt01", 5]])[0][0] == Recommendation("3", "Movie 3", 0.75)
    assert recommender.id_input == ("item_ids", "DT_STRING")


@pytest.mark.parametrize(
    ("options", "history", "message"),
    [
        ({"model": "none"}, [1], r"HTTP 404: Servable not found for request: Latest\(none\)"),
        ({"version": 9}, [1], r"HTTP 404: Servable not found for request: Specific\(seqrec, 9\)"),
        ({"model": "half"}, [1], "expected a signature 'ragged'"),
        ({}, ["x"], "expected ids that are integers. Received: 'x'"),
        ({}, [2**63], "HTTP 400: .*not of expected type: int64"),
    ],
)
def test_refusals(server, options, history, message):
    with pytest.raises(InputError, match=message):
        Recommender(server.url, **options).recommend([history])


def test_table():
    rows = [Recommendation(7, "Movie 7", 10.5), Recommendation(1193, "", -0.25)]
    assert table([1, 2], rows).splitlines() == [
        "history: 1 2",
        "",
        "rank    id    score  title",
        "   1     7  10.5000  Movie 7",
        "   2  1193  -0.2500",
    ]


def test_command(run_module, server):
    ended = run_module("serving.client", "--url", server.url, "1193", "661")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[0] == "history: 1193 661"
    assert ended.stdout.splitlines()[-1].split() == ["2", "4", "0.5000", "Movie", "4"]


def test_command_with_json(run_module, server):
    ended = run_module("serving.client", "--url", server.url, "--json", "1193")
    assert json.loads(ended.stdout)["outputs"]["movie_ids"] == [[2, 3, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "http://127.0.0.1:9", "1"], "nothing answers at http://127.0.0.1:9"),
        (["--url", "localhost:8501", "1"], "url: expected http://HOST:PORT. Received: 'localhost"),
        (["--model-version", "new", "1"], "--model-version"),
    ],
)
def test_command_with_bad_input(run_module, arguments, message):
    ended = run_module("serving.client", *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1
    assert message in ended.stderr
