"""Compressed request bodies."""

import gzip

import pytest

from serving.body import inflate
from serving.errors import ServingError


def test_gzip_is_inflated():
    assert inflate(gzip.compress(b"{}"), "gzip") == b"{}"
    assert inflate(b"{}", "") == b"{}"


@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}" * 100)[:-10]])
def test_bodies_that_are_not_gzip(body):
    with pytest.raises(ServingError, match="gzip"):
        inflate(body, "gzip")


def test_a_small_body_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr("serving.body.LARGEST_INFLATED_BYTES", 1000)
    assert len(inflate(gzip.compress(bytes(999)), "gzip")) == 999
    with pytest.raises(ServingError, match="inflates to more than"):
        inflate(gzip.compress(bytes(100_000)), "gzip")
