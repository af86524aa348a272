"""From samples to a report: throughput, errors by kind, latencies corrected for what was not sent.

A generator that waits for a slow answer sends nothing meanwhile, and so leaves out the requests
that would have been slow ("coordinated omission", Gil Tene). Corrected here:

- open loop: a latency counts from when the request was due, not from when it could be sent.
  Requests that never could be sent count with what they had waited at the end.
- closed loop: requests have no due time. Users who come on regardless are added as HdrHistogram
  does: a connection is taken to have a request every median latency, and an answer that took n
  times as long stands for the n - 1 further requests that came meanwhile and waited less and less.

Requests that timed out count with the time waited, which is less than they would have taken. Other
errors are counted by kind and have no latency.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from serving.load.worker import Plan, Samples

PERCENTILES = (50, 90, 95, 99, 99.9)
MEASURED = ("", "timeout")


@dataclass(frozen=True)
class Latencies:
    """Sorted, in milliseconds, float64.

    Attributes:
        corrected: what users who do not wait for each other would have seen.
        uncorrected: from the sending of each request.
    """

    corrected: np.ndarray
    uncorrected: np.ndarray


def latencies(samples: Samples, plan: Plan) -> Latencies:
    """The latencies of the answered and the timed out requests, both ways."""
    measured = np.isin(np.array(samples.outcomes, dtype=object), MEASURED)
    due, sent, ended = (
        1000 * np.frombuffer(times, np.float64)[measured]
        for times in (samples.due, samples.sent, samples.ended)
    )
    uncorrected = ended - sent
    if plan.rate is None:
        corrected = with_omitted(uncorrected)
    else:
        waited = 1000 * (plan.seconds - np.frombuffer(samples.unsent, np.float64))
        corrected = np.concatenate([ended - due, waited])
    return Latencies(np.sort(corrected), np.sort(uncorrected))


def with_omitted(values: np.ndarray) -> np.ndarray:
    """Latencies, `(requests,)`, and those of the requests a closed loop left out.

    For every latency L that is at least twice the median m: L - m, L - 2 m, ... down to m.
    """
    if not values.size:
        return values
    median = np.median(values)
    added = [np.arange(slow - median, median * (1 - 1e-9), -median) for slow in values]
    return np.concatenate([values, *added])


def report(samples: Samples, plan: Plan) -> dict:
    """The report as a JSON object; latencies in milliseconds, null where nothing was answered."""
    errors = Counter(outcome for outcome in samples.outcomes if outcome)
    answered = len(samples.outcomes) - errors.total()
    # The last answers come after the last request was sent.
    seconds = max([plan.seconds, *samples.ended]) if samples.ended else plan.seconds
    both = latencies(samples, plan)
    return {
        "loop": "closed" if plan.rate is None else "open",
        "seconds": round(seconds, 3),
        "concurrency": plan.concurrency,
        "rate": plan.rate,
        "requests": len(samples.outcomes),
        "answered": answered,
        "answers_a_second": round(answered / seconds, 2),
        "errors": dict(errors.most_common()),
        "unsent": len(samples.unsent),
        "latency_ms": summary(both.corrected),
        "uncorrected_latency_ms": summary(both.uncorrected),
        "generator_busy": round(samples.busy, 3),
    }


def summary(values: np.ndarray) -> dict[str, float | None]:
    """Mean, percentiles and maximum of sorted latencies."""
    if not values.size:
        return dict.fromkeys(["mean", *(f"p{rank:g}" for rank in PERCENTILES), "max"])
    numbers = {"mean": values.mean()}
    numbers |= {f"p{rank:g}": np.percentile(values, rank) for rank in PERCENTILES}
    numbers["max"] = values[-1]
    return {name: round(float(number), 3) for name, number in numbers.items()}
