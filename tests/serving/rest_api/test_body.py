"""Compressed request bodies."""

import gzip
import zlib

import pytest

from serving.inference.limits import WIDE, Limits
from serving.protocol.errors import ServingError, TooLarge
from serving.rest_api.body import inflate


def test_gzip_is_inflated():
    assert inflate(gzip.compress(b"{}"), "gzip", WIDE) == b"{}"
    assert inflate(gzip.compress(b"{}"), "identity, x-gzip", WIDE) == b"{}"
    # The name is looked for as it stands, as in TensorFlow Serving.
    for other in ("", "GZIP", "deflate", "br"):
        assert inflate(b"{}", other, WIDE) == b"{}"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        gzip.compress(b"{}" * 100, mtime=0)[:-10],
        gzip.compress(b"{") + gzip.compress(b"}"),
        gzip.compress(b"{}") + bytes(512),
        gzip.compress(b"{}") + b"{}",
        zlib.compress(b"{}"),
    ],
)
def test_bodies_that_are_not_gzip(body):
    with pytest.raises(ServingError, match="gzip"):
        inflate(body, "gzip", WIDE)


def test_a_small_body_cannot_fill_the_memory():
    narrow = Limits(body_bytes=999)
    assert len(inflate(gzip.compress(bytes(999)), "gzip", narrow)) == 999
    with pytest.raises(TooLarge, match="at most 999 bytes in a request body, but got: 1000"):
        inflate(gzip.compress(bytes(100_000)), "gzip", narrow)
    assert len(inflate(gzip.compress(bytes(100_000)), "gzip", Limits(body_bytes=0))) == 100_000
