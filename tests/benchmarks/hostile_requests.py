"""Requests that nobody should send: a corpus of known evils, and what hypothesis makes up."""

import gzip
import json

from hypothesis import strategies as st


def request_bytes(
    method: str, path: bytes, body: bytes, headers: tuple = (), length: int | None = None
) -> bytes:
    """An HTTP request; by default its length is the true one."""
    lines = [
        method.encode("latin-1", "replace") + b" " + path + b" HTTP/1.1",
        b"Host: localhost",
        b"Connection: close",
        b"Content-Length: %d" % (len(body) if length is None else length),
        *headers,
    ]
    return b"\r\n".join([*lines, b"", b""]) + body


def deep(levels: int, inside: bytes = b"1") -> bytes:
    """Nested lists."""
    return b"[" * levels + inside + b"]" * levels


def corpus(model: str, signatures: dict) -> list[bytes]:
    """Known evils."""
    predict = f"/v1/models/{model}:predict".encode()
    post = lambda body, **more: request_bytes("POST", predict, body, **more)  # noqa: E731
    gzipped = (b"Content-Encoding: gzip",)
    evils = [
        *(post(b'{"instances": %s}' % deep(n)) for n in (64, 65, 254, 255, 256, 10_000, 500_000)),
        post(b'{"x": %s, "instances": [[1]]}' % deep(500_000)),
        post(b'{"a":' * 100_000),
        post(b'{"instances": [[%s]]}' % (b"9" * 100_000)),
        post(b'{"instances": [[1e999, -1e999, 1E+400, .5, 01, +1, 0x10, 1_000]]}'),
        post(b'{"instances": ["%s"]}' % (b"x" * 2_000_000)),
        post(b'{"instances": [[' + b"1," * 200_000 + b"1]]}"),
        post(b'{"instances": ' + b"[[1]," * 1000 + b"1" + b"]" * 1000 + b"}"),
        post(b'{"instances": [{"b64": "%s"}]}' % (b"A" * 99_999)),
        post(b'{"instances": [{"b64": "!!!"}, {"b64": 3}, {"b64": "AA==", "c": 1}]}'),
        post(b'{"instances": [[]]}'),
        post(b'{"instances": [[], []]}'),
        post(b'{"instances": [[[[[]]]]]}'),
        post(b'{"instances": [[9223372036854775807, -9223372036854775808]]}'),
        post(b'{"instances": [[9223372036854775808]]}'),
        post(b'\xef\xbb\xbf{"instances": [[1]]}\x00\xff'),
        post(b"\xff\xfe{\x00}\x00"),
        post(b'{"signature_name": "\\ud800", "instances": [[1]]}'),
        post(b'{"signature_name": "\\u0000", "instances": [[1]]}'),
        post(gzip.compress(bytes(300_000_000)), headers=gzipped),
        post(gzip.compress(b"{}")[:-9], headers=gzipped),
        post(b"no gzip", headers=gzipped),
        post(gzip.compress(gzip.compress(b"{}")), headers=(b"Content-Encoding: gzip, gzip",)),
        post(b"{}", length=10**9),
        post(b"{}", length=0),
        post(b"{}", headers=(b"Transfer-Encoding: chunked",)),
        post(b"2\r\n{}\r\nZZ\r\n", headers=(b"Transfer-Encoding: chunked",)),
        post(b"{}", headers=tuple(b"X-%d: y" % i for i in range(500))),
        post(b"{}", headers=(b"X: " + b"y" * 100_000,)),
        post(b"{}", headers=(b"Expect: 100-continue",)),
        post(b"{}", headers=(b"Upgrade: websocket", b"Connection: Upgrade")),
        post(b"{}", headers=(b"bad header", b": empty", b"A\x00B: c")),
        post(b"{}", headers=(b"Content-Length: 5",)),
        request_bytes("GET", b"/v1/models/" + b"a" * 100_000, b""),
        request_bytes("GET", b"/v1/models/%00%ff%2e%2e/metadata", b""),
        request_bytes("GET", b"/v1/models/../../etc/passwd", b""),
        request_bytes("GET", b"/v1/models/m/versions/" + b"9" * 5000, b""),
        request_bytes("GET", b"http://other/v1/models/m", b""),
        request_bytes("OPTIONS", b"*", b""),
        request_bytes("PRI", b"*", b"SM\r\n\r\n"),
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /v1/models/x HTTP/9.9\r\n\r\n",
        b"GET /v1/models/x\r\n\r\n",
        b"POST " + predict + b" HTTP/1.1\r\nContent-Le",
        2 * request_bytes("GET", b"/v1/models/x", b"").replace(b"close", b"keep-alive"),
    ]
    if "recommend" in signatures:
        options = {"k": 2**31 - 1, "exclude_ids": [], "filter_seen": True, "categories": []}
        inputs = {alias: options.get(alias, [[1]]) for alias in signatures["recommend"]}
        evils.append(post(json.dumps({"signature_name": "recommend", "inputs": inputs}).encode()))
    for name, inputs in signatures.items():
        for value in (
            -1,
            0,
            2**31 - 1,
            2**31,
            2**62,
            "x",
            0.5,
            True,
            [],
            [[]],
            [-1, 5],
            [0, 2**60],
        ):
            columns = {"signature_name": name, "inputs": dict.fromkeys(inputs, value)}
            rows = {"signature_name": name, "instances": [dict.fromkeys(inputs, value)] * 2}
            evils += [post(json.dumps(document).encode()) for document in (columns, rows)]
    return evils


def requests_of(model: str, signatures: dict) -> st.SearchStrategy[bytes]:
    """Requests that hypothesis makes up: nearly right, or not at all."""
    numbers = st.integers() | st.floats() | st.integers(-5, 5)
    leaves = st.none() | st.booleans() | numbers | st.text(max_size=20)
    b64 = st.fixed_dictionaries({"b64": st.text(max_size=8)})
    values = st.recursive(
        leaves | b64,
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=12,
    )

    @st.composite
    def documents(draw):
        name = draw(st.sampled_from(sorted(signatures)))
        alias = st.sampled_from([*signatures[name], "other"])
        members = st.dictionaries(alias, values, max_size=4)
        tensors = st.lists(st.integers(-1, 5000), max_size=6)
        likely = st.fixed_dictionaries({key: tensors | values for key in signatures[name]})
        rows = st.lists(likely | members | values, max_size=4)
        document = {"signature_name": name}
        form = draw(st.sampled_from(["instances", "inputs", "examples"]))
        document[form] = draw(rows if form != "inputs" else likely | members | values)
        if draw(st.booleans()) and form == "examples":
            document["context"] = draw(members | values)
        return json.dumps(document).encode("utf-8", "replace")

    @st.composite
    def mutated(draw):
        body = bytearray(draw(documents()))
        for _ in range(draw(st.integers(1, 4))):
            place = draw(st.integers(0, len(body)))
            body[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        return bytes(body)

    bodies = documents() | mutated() | st.binary(max_size=60)
    verbs = st.sampled_from(
        [":predict", ":classify", ":regress", ":PREDICT", "", "/metadata", ":x"]
    )
    places = st.sampled_from(["", "/versions/1", "/versions/99", "/labels/a", "/versions/a", "/"])
    paths = st.builds(
        lambda place, verb: f"/v1/models/{model}{place}{verb}".encode(), places, verbs
    )
    strange = st.text("/v1models:%?#.0aé\x7f ", max_size=30).map(lambda t: b"/" + t.encode())
    likely = st.just(f"/v1/models/{model}:predict".encode())
    methods = st.sampled_from(
        ["POST"] * 6 + ["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "get", "\x7f"]
    )
    header = st.builds(
        lambda name, value: name + b": " + value,
        st.sampled_from([b"Content-Type", b"Content-Encoding", b"Origin", b"X", b"Accept"]),
        st.sampled_from([b"gzip", b"http://a", b"text/plain", b""]) | st.binary(max_size=8),
    )
    return st.builds(
        request_bytes,
        methods,
        likely | paths | strange,
        bodies,
        st.lists(header, max_size=2).map(tuple),
        st.none() | st.none() | st.integers(0, 300),
    )
