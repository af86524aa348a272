"""Reports by hand: small lists of requests whose latencies a reader can work out."""

from array import array

import numpy as np
import pytest

from serving.load.latency import latencies, report, summary, with_omitted
from serving.load.worker import Plan, Samples


def samples(*requests, unsent=()):
    """Samples of (due, sent, ended, outcome), in seconds."""
    result = Samples(unsent=array("d", unsent), busy=0.25)
    for request in requests:
        result.add(*request)
    return result


def test_closed_loop_adds_what_was_held_back():
    # While one answer took 4, three further requests would have come, and waited 3, 2 and 1.
    assert with_omitted(np.array([1.0, 1.0, 4.0, 1.0])).tolist() == [1, 1, 4, 1, 3, 2, 1]
    # Less than twice the median holds nothing back.
    assert with_omitted(np.array([1.0, 1.9, 1.0])).tolist() == [1, 1.9, 1]
    assert with_omitted(np.array([])).tolist() == []


def test_closed_loop_report():
    taken = samples((0, 0, 1, ""), (1, 1, 2, ""), (2, 2, 6, ""), (6, 6, 7, ""))
    facts = report(taken, Plan(seconds=7, concurrency=1))
    assert facts["uncorrected_latency_ms"]["mean"] == (1 + 1 + 4 + 1) / 4 * 1000
    assert facts["latency_ms"]["mean"] == pytest.approx(
        (1 + 1 + 4 + 1 + 3 + 2 + 1) / 7 * 1000, 1e-6
    )
    assert facts["answers_a_second"] == round(4 / 7, 2)
    assert facts["generator_busy"] == 0.25
    assert facts["loop"] == "closed"


def test_open_loop_counts_from_when_a_request_was_due():
    # One connection, a request due every second; the first answer takes 2.5 seconds.
    taken = samples((0, 0, 2.5, ""), (1, 2.5, 2.75, ""), (2, 2.75, 3, ""), unsent=[3.0])
    both = latencies(taken, Plan(seconds=4, concurrency=1, rate=1))
    assert both.uncorrected.tolist() == [250, 250, 2500]
    # The last one was due one second before the end and never sent.
    assert both.corrected.tolist() == [1000, 1000, 1750, 2500]


def test_errors_are_counted_by_kind_and_have_no_latency():
    taken = samples(
        (0, 0, 1, ""),
        (0, 0, 3, "timeout"),
        (0, 0, 9, "HTTP 503"),
        (0, 0, 9, "HTTP 503"),
        (0, 0, 9, "connection broken"),
    )
    facts = report(taken, Plan(seconds=5, rate=1))
    assert facts["errors"] == {"HTTP 503": 2, "timeout": 1, "connection broken": 1}
    assert (facts["requests"], facts["answered"]) == (5, 1)
    # A timeout has: it waited that long at least.
    assert facts["latency_ms"]["max"] == 3000
    # The last request ended after the five seconds of sending.
    assert facts["seconds"] == 9


def test_percentiles():
    facts = summary(np.arange(101.0))
    expected = {"mean": 50, "p50": 50, "p90": 90, "p95": 95, "p99": 99, "p99.9": 99.9, "max": 100}
    assert facts == expected
    assert set(summary(np.array([])).values()) == {None}
