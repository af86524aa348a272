"""The URL grammar: every form that is a call, and every form that is not."""

import pytest

from serving.protocol.errors import ServingError
from serving.protocol.status import Code
from serving.protocol.urls import Call, is_api_path, parse_call


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/models/m:predict", Call("predict", "m")),
        ("POST", "/v1/models/m:classify", Call("classify", "m")),
        ("POST", "/v1/models/m/versions/2:regress", Call("regress", "m", version=2)),
        ("POST", "/v1/models/m/labels/canary:predict", Call("predict", "m", label="canary")),
        ("POST", "/V1/MODELS/m:predict", Call("predict", "m")),
        ("POST", "/v1/models/m/versions/007:predict", Call("predict", "m", version=7)),
        ("POST", "/v1/models/a%2Fb%3A:predict", Call("predict", "a/b:")),
        ("POST", "/v1/models/m/labels/a%20b:predict", Call("predict", "m", label="a b")),
        ("GET", "/v1/models/m", Call("status", "m")),
        ("GET", "/v1/models/m/versions/0", Call("status", "m", version=0)),
        ("GET", "/v1/models/m/labels/x", Call("status", "m", label="x")),
        ("GET", "/v1/models/m/metadata", Call("metadata", "m")),
        ("GET", "/v1/models/m/versions/2/metadata", Call("metadata", "m", version=2)),
        ("GET", "/v1/models/m?x=1", Call("status", "m?x=1")),
        (
            "GET",
            "/v1/models/m/versions/9223372036854775807",
            Call("status", "m", version=2**63 - 1),
        ),
    ],
)
def test_calls(method, path, expected):
    assert parse_call(method, path) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/m:PREDICT"),
        ("POST", "/v1/models/m:explain"),
        ("POST", "/v1/models/m:predict/"),
        ("POST", "/v1/models/m:predict?x"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m/versions/two:predict"),
        ("POST", "/v1/models/m/versions/-1:predict"),
        ("POST", "/v1/models/m/versions/1/labels/x:predict"),
        ("POST", "/v1/models/:predict"),
        ("GET", "/v1/models/m:predict"),
        ("GET", "/v1/models/m/"),
        ("GET", "/v1/models/m/versions/abc"),
        ("GET", "/v1/models/m/versions/1/labels/x"),
        ("GET", "/v1/other"),
        ("PUT", "/v1/models/m"),
        ("DELETE", "/v1/models/m:predict"),
        ("HEAD", "/v1/models/m"),
    ],
)
def test_malformed_requests(method, path):
    with pytest.raises(ServingError) as caught:
        parse_call(method, path)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message == f"Malformed request: {method} {path}"


def test_there_is_no_listing():
    with pytest.raises(ServingError, match="Missing model name in request."):
        parse_call("GET", "/v1/models")


@pytest.mark.parametrize("version", ["9223372036854775808", "1" * 5000])
def test_a_version_beyond_int64_has_an_empty_answer(version):
    with pytest.raises(ServingError) as caught:
        parse_call("POST", f"/v1/models/m/versions/{version}:predict")
    assert (caught.value.code, caught.value.body()) == (Code.INVALID_ARGUMENT, "")


def test_only_paths_below_v1_belong_to_the_interface():
    assert [is_api_path(path) for path in ("/v1/", "/V1/x", "/v1", "/", "/x/v1/")] == [
        True,
        True,
        False,
        False,
        False,
    ]
