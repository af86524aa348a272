"""The REST interface from outside: real requests to a real server process."""

import gzip
import json
import threading

import pytest
import requests
from helpers.raw_http import exchange

PREDICT_HALF = "/v1/models/half:predict"


def ask(server, signature: str, **document):
    """Predict with a signature of the model `zoo`."""
    return server.post("/v1/models/zoo:predict", {"signature_name": signature, **document})


def assert_error(response: requests.Response, code: int, message: str) -> None:
    assert response.status_code == code, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert message in response.json()["error"]


def test_status(server):
    healthy = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    expected = {"model_version_status": [{"version": "20", **healthy}]}
    for path in ("", "/versions/20", "/labels/ignored"):
        response = server.get(f"/v1/models/half{path}")
        assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/v1/models/none", 404, "Could not find any versions of model none"),
        ("/v1/models/half/versions/9", 404, "Could not find version 9 of model half"),
        ("/v1/models/half?x=1", 404, "half?x=1"),
        ("/v1/models/none/metadata", 404, "Servable not found for request: Latest(none)"),
        ("/v1/models/half/versions/9/metadata", 404, "Specific(half, 9)"),
        ("/v1/models/half/labels/x/metadata", 400, "Unrecognized servable version label: x"),
        ("/v1/models", 400, "Missing model name in request."),
        ("/v1/models/half/", 400, "Malformed request: GET /v1/models/half/"),
        ("/v1/models/half:predict", 400, "Malformed request: GET"),
    ],
)
def test_get_errors(server, path, code, message):
    assert_error(server.get(path), code, message)


def test_metadata(server):
    answer = server.get("/v1/models/half/metadata").json()
    assert answer["model_spec"] == {"name": "half", "signature_name": "", "version": "20"}
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert sorted(signatures) == ["__saved_model_init_op", "serving_default"]
    default = signatures["serving_default"]
    assert default["inputs"] == {
        "x": {
            "name": "serving_default_x:0",
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
        }
    }
    assert default["method_name"] == "tensorflow/serving/predict"
    assert default["defaults"] == {}
    init = signatures["__saved_model_init_op"]
    assert init["inputs"] == {}
    assert init["outputs"]["__saved_model_init_op"] == {
        "name": "NoOp",
        "dtype": "DT_INVALID",
        "tensor_shape": {"dim": [], "unknown_rank": True},
    }


def nested(value: object, levels: int) -> object:
    return [nested(value, levels - 1)] if levels else value


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"instances": [1, 2.5]}, {"predictions": [2.5, 3.25]}),
        ({"instances": [{"x": 1}]}, {"predictions": [2.5]}),
        ({"inputs": [1, 2]}, {"outputs": [2.5, 3.0]}),
        ({"inputs": {"x": [1]}}, {"outputs": [2.5]}),
        # The signature says one dimension; shapes are not enforced.
        ({"inputs": 1}, {"outputs": 2.5}),
        ({"inputs": [[1, 2], [3, 4]]}, {"outputs": [[2.5, 3.0], [3.5, 4.0]]}),
        ({"inputs": [1], "unknown": {}}, {"outputs": [2.5]}),
        # NumPy has no more than 64 dimensions.
        ('{"inputs": ' + "[" * 99 + "1" + "]" * 99 + "}", {"outputs": nested(2.5, 99)}),
    ],
)
def test_half_plus_two(server, document, expected):
    response = server.post(PREDICT_HALF, document)
    assert (response.status_code, response.json()) == (200, expected)


def test_every_url_of_a_model(server):
    for path in ("/v1/models/half/versions/20:predict", "/V1/Models/%68alf/versions/020:predict"):
        assert server.post(path, {"inputs": [0]}).json() == {"outputs": [2.0]}


def test_tokens_outside_of_json(server):
    response = server.post(PREDICT_HALF, '{"inputs": [NaN, Infinity, -Infinity, 1e39]} and more')
    assert response.text == '{"outputs": [NaN, Infinity, -Infinity, Infinity]}'


def test_all_value_types(server):
    rows = [
        {"text": "\u00e9", "integer": 1, "flag": True, "number": 1},
        {"text": {"b64": "YQ=="}, "integer": -(2**63), "flag": False, "number": -0.0},
    ]
    response = ask(server, "everything", instances=rows)
    assert response.json()["predictions"] == [
        {"text": "\u00e9", "integer": 1, "flag": True, "number": 1.0},
        {"text": "a", "integer": -(2**63), "flag": False, "number": -0.0},
    ]
    assert '"number": 1.0' in response.text and '"number": -0.0' in response.text


def test_scalar_outputs_have_no_row_form(server):
    assert ask(server, "sum", inputs=[1, 2]).json() == {"outputs": 3.0}
    assert_error(ask(server, "sum", instances=[1, 2]), 400, "has no shape information")


def test_binary_outputs(server):
    response = ask(server, "bytes", inputs=[{"b64": "/w=="}])
    assert b'"raw": ["\xff"]' in response.content
    assert json.loads(response.content.decode("utf-8", "replace"))["outputs"]["raw_bytes"] == [
        {"b64": "/w=="}
    ]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/v1/models/none:predict", 404, "Servable not found for request: Latest(none)"),
        ("/v1/models/half/versions/9:predict", 404, "Specific(half, 9)"),
        ("/v1/models/half/labels/x:predict", 400, "Unrecognized servable version label: x"),
        ("/v1/models/half:PREDICT", 400, "Malformed request: POST /v1/models/half:PREDICT"),
        ("/v1/models/half:predict?x", 400, "Malformed request"),
    ],
)
def test_models_that_are_not_there(server, path, code, message):
    assert_error(server.post(path, {"instances": [1]}), code, message)


@pytest.mark.parametrize(
    ("signature", "document", "code", "message"),
    [
        ("none", {"inputs": 1}, 400, 'Serving signature name: "none" not found in signature def'),
        ("no_inputs", {"inputs": 1}, 400, "Failed to get input map for signature"),
        ("__saved_model_init_op", {"inputs": 1}, 400, "Failed to get input map for signature"),
        (3, {"inputs": 1}, 400, "'signature_name' key must be a string value."),
        ("sum", {}, 400, "Missing 'inputs' or 'instances' key"),
        ("sum", {"instances": [True]}, 400, "not of expected type: float"),
        ("uneven", {"instances": [1, 2]}, 400, "inconsistent batch size"),
        ("half", {"inputs": [1]}, 501, "DT_HALF"),
        ("half", {"instances": [1]}, 400, "DT_HALF"),
        ("half_out", {"inputs": [1]}, 400, "tensor type: half"),
        ("half_out", {"instances": [1]}, 400, "tensor type: half"),
        ("complex_out", {"inputs": [1]}, 400, "tensor type: complex64"),
        ("complex_out", {"instances": [1]}, 400, "tensor type: complex64"),
        ("types_out", {"inputs": {"x": [1], "kind": [0]}}, 400, "tensor type: qint8"),
        ("types_out", {"inputs": {"x": [1], "kind": [1]}}, 400, "tensor type: uint16"),
        ("types_out", {"inputs": {"x": [1], "kind": [2]}}, 400, "tensor type: bfloat16"),
        ("types_out", {"inputs": {"x": [1], "kind": [3]}}, 400, "tensor type: complex128"),
        ("variant_out", {"inputs": [1]}, 400, "variant"),
        ("ragged_out", {"inputs": [1]}, 400, "RaggedTensor"),
        ("pick", {"inputs": [7]}, 400, "indices[0] = 7 is not in [0, 3)"),
        ("matmul", {"inputs": [1.0]}, 400, "ndims"),
        ("matmul", {"inputs": [[1.0]]}, 400, "Matrix size-incompatible"),
    ],
)
def test_predict_errors(server, signature, document, code, message):
    assert_error(ask(server, signature, **document), code, message)


def test_an_output_without_values_has_no_type(server):
    assert ask(server, "complex_out", inputs=[]).json() == {"outputs": []}


@pytest.mark.parametrize(
    "nested",
    [
        b"[" * 500_000 + b"]" * 500_000,
        b'{"a":' * 500_000 + b"1" + b"}" * 500_000,
        b'[1, {"inputs": ' * 100_000 + b"[]" + b"}, 2]" * 100_000,
    ],
    ids=["lists", "objects", "both"],
)
def test_deep_nesting_that_nobody_reads(server, nested):
    response = server.post(PREDICT_HALF, b'{"unknown": %s, "inputs": [1]}' % nested)
    assert (response.status_code, response.text) == (200, '{"outputs": [2.5]}')
    assert_error(server.post(PREDICT_HALF, b'{"signature_name": %s}' % nested), 400, "a string")
    assert_error(server.post(PREDICT_HALF, b'{"inputs": %s}' % nested[:-1]), 400, "JSON Parse")


@pytest.mark.parametrize("depth", [255, 900, 100_000])
def test_deep_nesting_is_an_error_not_a_crash(server, depth):
    nested = "[" * depth + "]" * depth
    for body in (f'{{"inputs": {nested}}}', f'{{"instances": {nested}}}', nested):
        response = server.post(PREDICT_HALF, body)
        assert response.status_code == 400, response.text


def test_bad_json(server):
    assert_error(server.post(PREDICT_HALF, ""), 400, "The document is empty")
    assert_error(server.post(PREDICT_HALF, '{"inputs": [1,]}'), 400, "JSON Parse error")
    # The body is read before the model is looked up.
    assert_error(server.post("/v1/models/none:predict", "x"), 400, "JSON Parse error")


def test_version_beyond_int64(server):
    response = server.post(f"/v1/models/half/versions/{2**63}:predict", {"inputs": 1})
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize(
    ("signature", "document", "expected"),
    [
        (
            "classify",
            {"examples": [{"x": 80.0}, {"x": [1.5]}]},
            [[["low", -80.0], ["high", 80.0]], [["low", -1.5], ["high", 1.5]]],
        ),
        ("classes_only", {"examples": [{"x": 2.0}]}, [[["low", 0.0], ["high", 0.0]]]),
        ("scores_only", {"examples": [{}], "context": {"x": 2.0}}, [[["", -2.0], ["", 2.0]]]),
    ],
)
def test_classify(server, signature, document, expected):
    document = {"signature_name": signature, **document}
    response = server.post("/v1/models/zoo:classify", document)
    assert (response.status_code, response.json()) == (200, {"results": expected})


@pytest.mark.parametrize(
    ("signature", "examples", "expected"),
    [
        ("regress", [{"x": 8.0}, {"x": 0.5}], [80.0, 5.0]),
        # Features of any length: 1 + 2 + 3, 7, nothing.
        ("regress_flat", [{"ids": [1, 2, 3]}, {"ids": 7}, {"ids": []}], [6.0, 7.0, 0.0]),
    ],
)
def test_regress(server, signature, examples, expected):
    document = {"signature_name": signature, "examples": examples}
    response = server.post("/v1/models/zoo/versions/1:regress", document)
    assert (response.status_code, response.json()) == (200, {"results": expected})


@pytest.mark.parametrize(
    ("verb", "signature", "message"),
    [
        ("classify", "none", "No signature was found with the name: none"),
        ("regress", "none", "No signature was found with the name: none"),
        ("classify", "classify_three", "one or two classify outputs"),
        ("classify", "regress", "'classes' or 'scores'"),
        ("regress", "classify", "exactly one regress output"),
        ("classify", "text", "exactly one input"),
        # 80 without a decimal point is an int64 feature.
        ("regress", "regress", "Data types don't match"),
    ],
)
def test_classify_and_regress_errors(server, verb, signature, message):
    document = {"signature_name": signature, "examples": [{"x": 80}]}
    assert_error(server.post(f"/v1/models/zoo:{verb}", document), 400, message)


def test_gzip_request(server):
    response = requests.post(
        server.url + PREDICT_HALF,
        data=gzip.compress(b'{"inputs": [1]}'),
        headers={"Content-Encoding": "gzip"},
        timeout=60,
    )
    assert response.json() == {"outputs": [2.5]}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods(server, method):
    response = requests.request(method, f"{server.url}/v1/models/half", timeout=60)
    assert_error(response, 400, f"Malformed request: {method} /v1/models/half")


def test_head_and_options(server):
    url = f"{server.url}/v1/models/half"
    assert requests.head(url, timeout=60).status_code == 400
    assert requests.options(url, timeout=60).status_code == 400
    allowed = requests.options(url, headers={"Origin": "https://example.com"}, timeout=60)
    assert (allowed.status_code, allowed.content) == (200, b"")


@pytest.mark.parametrize("path", ["/v1", "/v2/models/half", "/monitoring", "/demo", "/index.html"])
def test_other_paths(server, path):
    response = server.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_requests_at_the_same_time(server):
    answers = {}

    def post(number: int) -> None:
        answers[number] = server.post(PREDICT_HALF, {"inputs": [number]}).json()["outputs"]

    threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [number / 2 + 2] for number in range(20)}


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_an_encoding_without_a_body(server, method):
    headers = {"Content-Encoding": "gzip"}
    options = {"headers": headers, "timeout": 60}
    response = requests.request(method, f"{server.url}/v1/models/half", **options)
    assert response.status_code == (200 if method == "GET" else 400)
    assert method == "GET" or "Malformed request" in response.text
    response = requests.post(server.url + PREDICT_HALF, **options)
    assert_error(response, 400, "The document is empty")


@pytest.mark.parametrize("name", ["h\u00e4lf", "\u6f22\u5b57", "a\\b"])
def test_paths_of_any_bytes(server, name):
    lines = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    for written in (name.encode(), requests.utils.quote(name).encode()):
        received = exchange(server.url, b"GET /v1/models/" + written + b" " + lines.encode())
        assert b" 404 " in received.splitlines()[0], received
        message = json.loads(received.partition(b"\r\n\r\n")[2])["error"]
        assert message == f"Could not find any versions of model {name}"
    # Bytes that are no UTF-8 come back as they are.
    for written in (b"%FF%41", b"\xffA"):
        received = exchange(server.url, b"GET /v1/models/" + written + b" " + lines.encode())
        assert received.endswith(b'model \xffA"}'), received


def test_a_feature_name_of_any_bytes(server):
    path = "/v1/models/zoo:regress"
    for name in (b"\xff", b"\xc3", b"a\\u0000b", b"\xf0\x9f\x8e", b"\\ud83c\\udfac\xff"):
        body = b'{"signature_name": "regress", "examples": [{"x": 1.0, "%s": 2.0}]}' % name
        assert server.post(path, body).json() == {"results": [10.0]}
    body = b'{"signature_name": "regress", "examples": [{"x": 1.0, "\\udcff": 2.0}]}'
    assert_error(server.post(path, body), 400, "surrogate pair")


def test_bytes_that_are_no_text_beside_a_surrogate_pair(server):
    body = b'{"signature_name": "text", "inputs": ["\xff", "\\ud83c\\udfac"]}'
    response = server.post("/v1/models/zoo:predict", body)
    assert response.content == '{"outputs": ["@", "\U0001f3ac"]}'.encode().replace(b"@", b"\xff")
