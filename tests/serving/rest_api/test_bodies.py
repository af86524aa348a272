"""Bodies as they come in, alone and together."""

import asyncio

import pytest
from starlette.requests import Request

from serving.inference.limits import Limits
from serving.protocol.errors import ServingError, TooLarge
from serving.protocol.status import Code
from serving.rest_api.bodies import Bodies


def request(*parts: bytes, **headers: str) -> Request:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return messages.pop(0)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def read(bodies: Bodies, *parts: bytes, **headers: str) -> list[bytes]:
    held = []
    asyncio.run(bodies.read(request(*parts, **headers), held))
    return held


def test_a_body_in_parts():
    assert b"".join(read(Bodies(Limits()), b"a", b"", b"bc")) == b"abc"


def test_a_large_body_is_refused_where_it_becomes_large():
    with pytest.raises(TooLarge):
        read(Bodies(Limits(body_bytes=3)), b"ab", b"cd")
    with pytest.raises(TooLarge):
        read(Bodies(Limits(body_bytes=3)), **{"content-length": "4"})


def test_large_bodies_are_refused_that_do_not_fit_together():
    bodies, large = Bodies(Limits(body_bytes=100_000)), bytes(100_000)
    held = [read(bodies, large) for _ in range(4)]
    with pytest.raises(ServingError, match="Too many large requests") as caught:
        held.append([])
        asyncio.run(bodies.read(request(large), held[-1]))
    assert caught.value.code == Code.UNAVAILABLE
    # Small ones never are.
    held.append(read(bodies, b"small"))
    for parts in held:
        bodies.release(parts)
    assert b"".join(read(bodies, large)) == large
