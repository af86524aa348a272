"""The client over REST and gRPC, against real servers of recommenders with obvious answers.

`seqrec` and `strings` recommend the items n + 1 and n + 2 after a history of n items; `ranked` is
described in ranked_model.py.
"""

import json
import sys
from array import array

import pytest
from helpers.processes import printed, run_module

from serving.client import Recommendation, Recommender, Retries
from serving.client.__main__ import table
from serving.client.transports.rest_transport import _signature
from serving.client.transports.transport import Values
from serving.protocol.errors import InputError
from serving.protocol.status import Code

LOWEST = -3.4028234663852886e38


@pytest.fixture(scope="module")
def grpc_url(served):
    """A server's gRPC."""
    return f"grpc://127.0.0.1:{served.port}"


@pytest.fixture(scope="module", params=["rest", "grpc"])
def url(request):
    """A server over either protocol."""
    if request.param == "rest":
        return request.getfixturevalue("server").url
    return request.getfixturevalue("grpc_url")


def ids(answers):
    return [[item.id for item in answer] for answer in answers]


def test_ragged_histories(url):
    answers = Recommender(url).recommend([[1193, 661], [], [914]])
    assert answers == [
        [Recommendation(3, "Movie 3", 0.75), Recommendation(4, "Movie 4", 0.5)],
        [Recommendation(1, "Movie 1", 0.75), Recommendation(2, "Movie 2", 0.5)],
        [Recommendation(2, "Movie 2", 0.75), Recommendation(3, "Movie 3", 0.5)],
    ]
    assert Recommender(url).recommend([]) == []


def test_string_ids_under_another_name(url):
    recommender = Recommender(url + "/", model="strings")
    assert recommender.recommend([["tt01", 5]])[0][0] == Recommendation("3", "Movie 3", 0.75)
    assert recommender.id_input == ("item_ids", "DT_STRING")


def test_options(url):
    with Recommender(url, model="ranked") as recommender:
        assert recommender.recommend([[9, 7]], k=1) == [[Recommendation(8, "Movie 8", 1.0)]]
        assert ids(recommender.recommend([[9, 7], []])) == [[8, 6, 5], [9, 8, 7]]
        assert ids(recommender.recommend([[9], [1, 8]], k=5)) == [[8, 7, 6, 5, 4], [9, 7, 6, 5, 4]]
        # Of nine items, one seen; the other places are filler.
        assert ids(recommender.recommend([[9]], k=12)) == [[8, 7, 6, 5, 4, 3, 2, 1]]
        assert ids(recommender.recommend([[9]], filter_seen=False)) == [[9, 8, 7]]
        assert ids(recommender.recommend([[9], []], k=2, exclude_ids=[8])) == [[7, 6], [9, 7]]
        assert ids(recommender.recommend([[9]], categories=["odd"])) == [[7, 5, 3]]
        assert ids(recommender.recommend([[], []], categories=["even"], k=1)) == [[8], [8]]


def test_inputs_that_nobody_knows_of_take_their_defaults(url):
    with Recommender(url, model="optional") as recommender:
        (answer,) = recommender.recommend([[9]])
        assert [(item.id, item.score) for item in answer] == [(8, 1.75), (7, 1.625), (6, 1.5)]
        # Through `recommend`, which leaves nothing out unless asked to.
        (answer,) = recommender.recommend([[9]], exclude_ids=[8])
        assert [(item.id, item.score) for item in answer] == [(9, 1.875), (7, 1.625)]
        assert ids(recommender.recommend([[9]], filter_seen=True)) == [[8, 7]]
        assert ids(recommender.recommend([[9]], k=4)) == [[9, 8, 7, 6]]
        assert ids(recommender.recommend([[9]], k=4, filter_seen=True)) == [[8, 7, 6, 5]]
        assert recommender.id_input == ("movie_ids", "DT_INT64")
        with pytest.raises(InputError, match=r"'needy' needs threshold, for which it has no def"):
            recommender.transport.predict("needy", {"movie_ids": Values([1], (1, 1))})
        with pytest.raises(InputError, match="categories: .* exported without this option"):
            recommender.recommend([[9]], categories=["odd"])


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"dtype": "DT_INT64", "int64_val": ["-9007199254740993"]}, ([-9007199254740993], ())),
        ({"dtype": "DT_BOOL", "bool_val": [True], "tensor_shape": {"dim": [{"size": "2"}]}},
         ([True, True], (2,))),
        ({"dtype": "DT_FLOAT", "tensor_content": "AACAPw=="}, ([1.0], ())),
        ({"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "0", "name": ""}]}}, ([], (0,))),
    ],
)  # fmt: skip
def test_defaults_as_metadata_shows_them(document, expected):
    signature = {"inputs": {}, "outputs": {}, "defaults": {"x": document}}
    read = _signature(signature).defaults["x"]()
    assert (read.values, read.shape) == expected


@pytest.mark.parametrize(
    "document", [{}, {"dtype": "DT_HALF", "half_val": [0]}, {"dtype": "DT_INT32", "int_val": ["?"]}]
)
def test_defaults_that_nobody_can_read(document):
    signature = _signature({"inputs": {}, "outputs": {}, "defaults": {"x": document}})
    with pytest.raises(InputError, match="'x': expected "):
        signature.defaults["x"]()


def test_plain_requests_need_no_other_signature(url):
    # `seqrec` has `ragged` alone, with three columns.
    assert ids(Recommender(url).recommend([[5]], k=3)) == [[2, 3]]
    with pytest.raises(InputError, match="expected a model with the signature 'recommend'"):
        Recommender(url).recommend([[5]], k=4)


def test_similar_score_and_encode(url):
    with Recommender(url, model="ranked") as recommender:
        assert recommender.similar([4, 6], k=1) == [
            [Recommendation(5, "Movie 5", 0.5)],
            [Recommendation(7, "Movie 7", 0.5)],
        ]
        scores = recommender.score([[1], [1, 2, 3]], [[8, 10, 4], [2]])
        assert scores == [[1.0, LOWEST, 0.5], [0.25]]
        # Float32 numbers, as the model gave them, over either protocol.
        a_tenth, three_tenths = array("f", [0.1, 0.3])
        assert recommender.encode([[7], [7, 8, 9]]) == [[a_tenth, -1.0], [three_tenths, -3.0]]
        assert recommender.similar([]) == recommender.encode([]) == recommender.score([], []) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.recommend([["x"]]), "ids: expected 64-bit integers. Received: 'x'"),
        (lambda r: r.recommend([[2**63]]), "expected 64-bit integers. Received: 9223372036854"),
        (lambda r: r.recommend([[1.5]]), "expected 64-bit integers. Received: 1.5"),
        (lambda r: r.recommend([1193, 661]), "expected a list, .* Received: 1193"),
        (lambda r: r.recommend(["1193"]), "expected a list, .* Received: '1193'"),
        (lambda r: r.recommend([[1]], categories="odd"), "expected a list, .* Received: 'odd'"),
        (lambda r: r.recommend([[1]], k=0), "k: expected a number from 1. Received: 0"),
        (lambda r: r.score([[1]], []), "for each of 1 histories. Received: 0 lists"),
    ],
)
def test_bad_arguments(url, call, message):
    with pytest.raises(InputError, match=message):
        call(Recommender(url, model="ranked"))


def test_unknown_model(url):
    with pytest.raises(InputError, match=r"Servable not found for request: Latest\(none\)") as it:
        Recommender(url, model="none").recommend([[1]])
    assert it.value.code == Code.NOT_FOUND


def test_versions_and_labels(server):
    assert ids(Recommender(server.url, version=7).recommend([[1]])) == [[2, 3]]
    with pytest.raises(InputError, match=r"HTTP 404: .*Specific\(seqrec, 9\)"):
        Recommender(server.url, version=9).recommend([[1]])
    with pytest.raises(InputError, match="HTTP 400: Unrecognized servable version label: stable"):
        Recommender(server.url, label="stable").recommend([[1]])
    with pytest.raises(InputError, match="a version or a label. Received: 1 and 'stable'"):
        Recommender(server.url, version=1, label="stable")


def test_other_models(server):
    with pytest.raises(InputError, match="expected a model with the signature 'ragged'"):
        Recommender(server.url, model="half").recommend([[1]])


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "grpc://127.0.0.1:9"])
def test_nothing_listens(url):
    with pytest.raises(InputError, match="127.0.0.1:9") as raised:
        Recommender(url, retries=Retries(attempts=2, first_wait=0.01)).recommend([[1]])
    assert raised.value.code == Code.UNAVAILABLE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "localhost:8501"}, "url: expected http://HOST:PORT or grpc"),
        ({"url": "http://"}, "url: expected http://HOST:PORT or grpc"),
        ({"url": "http://localhost:x"}, "url: .*Received: 'http://localhost:x'"),
        ({"url": "http://me:secret@localhost:x"}, "url: .*Received: 'http://localhost:x'"),
        ({"timeout": 0}, "timeout: expected seconds above 0. Received: 0"),
    ],
)
def test_bad_construction(options, message):
    with pytest.raises(InputError, match=message):
        Recommender(**options)


def test_grpc_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(InputError, match="needs grpcio.*pip install grpcio protobuf`"):
        Recommender("grpc://localhost:8500")


def test_starts_without_the_slow_packages(server):
    code = f"""
import sys
from serving.client import Recommender
Recommender({server.url!r}).recommend([[1]])
print(sorted({{"tensorflow", "numpy", "grpc", "google.protobuf", "requests"}} & set(sys.modules)))
"""
    assert printed(code) == "[]"


def test_grpc_without_tensorflow(grpc_url):
    code = f"""
import sys
from serving.client import Recommender
Recommender({grpc_url!r}).recommend([[1]])
print(sorted({{"tensorflow", "numpy", "requests"}} & set(sys.modules)))
"""
    assert printed(code) == "[]"


def test_table():
    rows = [Recommendation(7, "Movie 7", 10.5), Recommendation(1193, "", -0.25)]
    assert table([1, 2], rows).splitlines() == [
        "history: 1 2",
        "",
        "rank    id    score  title",
        "   1     7  10.5000  Movie 7",
        "   2  1193  -0.2500",
    ]


def test_command(server):
    ended = run_module("serving.client", "--url", server.url, "1193", "661")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[0] == "history: 1193 661"
    assert ended.stdout.splitlines()[-1].split() == ["2", "4", "0.5000", "Movie", "4"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("1 2 --exclude 9 8 --k 2", [7, 6]),
        ("9 --keep-seen", [9, 8, 7]),
        ("9 --categories odd --k 1", [7]),
        ("--k 1", [9]),
        ("--similar 3 5", [4, 6]),
    ],
)
def test_command_with_json(url, arguments, expected):
    flags = ("--url", url, "--model", "ranked", "--json", *arguments.split())
    answer = json.loads(run_module("serving.client", *flags).stdout)
    assert [item["id"] for item in answer] == expected
    assert answer[0]["title"] == f"Movie {expected[0]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "http://127.0.0.1:9", "1"], "nothing answers at http://127.0.0.1:9"),
        (["--url", "localhost:8501", "1"], "Received: 'localhost"),
        (["--model-version", "new", "1"], "--model-version"),
        (["--timeout", "-1", "1"], "timeout: expected seconds above 0. Received: -1.0"),
        (
            ["--similar", "1", "--exclude", "9"],
            "--exclude: expected a history, not --similar. Received: ['9'].",
        ),
        (["--similar", "1", "--now", "0"], "--now: expected a history, not --similar."),
        (["--similar", "1", "--no-keep-seen"], "--keep-seen: expected a history, not --similar."),
    ],
)
def test_command_with_bad_input(arguments, message):
    ended = run_module("serving.client", *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1
    assert message in ended.stderr
