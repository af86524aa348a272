"""Sending requests: a thread a connection, several connections a process.

Closed loop: a connection sends its next request when it has the answer to the last one. Open loop:
request n is due at n / rate seconds, whatever the server does; a free connection sends it, late if
none was free, and what it waited counts (`serving.load.latency`).
"""

import itertools
import threading
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from serving.client.transports.connection import Connection, MalformedAnswerError

# Not to spin while nothing listens.
PAUSE_AFTER_ERROR_SECONDS = 0.02


@dataclass(frozen=True)
class Target:
    """What is asked.

    Attributes:
        address: host and port.
        requests: whole HTTP requests, sent in turn.
    """

    address: tuple[str, int]
    requests: tuple[bytes, ...]


@dataclass(frozen=True)
class Plan:
    """How it is asked.

    Attributes:
        seconds: how long requests are sent.
        concurrency: connections.
        rate: requests a second in open loop; None for closed loop.
        timeout: seconds after which a silent server's answer is given up.
        processes: of the generator; connections are dealt out among them.
    """

    seconds: float = 30.0
    concurrency: int = 8
    rate: float | None = None
    timeout: float = 30.0
    processes: int = 1


@dataclass
class Samples:
    """What became of the requests, one element each, in seconds of a clock of their own.

    Attributes:
        due: when the request was to be sent; in closed loop, when it was sent.
        sent: when it was.
        ended: when its answer was complete, or it failed.
        outcomes: "" for an answer with status 200, or the kind of error.
        unsent: due times of requests that found no free connection before the end.
        busy: CPU seconds of the generator over those it could have had.
    """

    due: array = field(default_factory=lambda: array("d"))
    sent: array = field(default_factory=lambda: array("d"))
    ended: array = field(default_factory=lambda: array("d"))
    outcomes: list[str] = field(default_factory=list)
    unsent: array = field(default_factory=lambda: array("d"))
    busy: float = 0.0

    def add(self, due: float, sent: float, ended: float, outcome: str) -> None:
        """Note one request."""
        self.due.append(due)
        self.sent.append(sent)
        self.ended.append(ended)
        self.outcomes.append(outcome)

    def extend(self, other: "Samples") -> None:
        """Take over another's requests."""
        for name in ("due", "sent", "ended", "outcomes", "unsent"):
            getattr(self, name).extend(getattr(other, name))


def send_requests(target: Target, plan: Plan, share: int) -> Samples:
    """Send one process's share of the requests.

    Args:
        target: what is asked.
        plan: how.
        share: number of this process, from 0.

    Returns:
        The samples; time 0 is the start, now.
    """
    connections = len(range(share, plan.concurrency, plan.processes))
    numbers = itertools.count(share, plan.processes)
    per_thread = [Samples() for _ in range(connections)]
    start, busy = time.monotonic(), time.process_time()
    threads = [
        threading.Thread(target=_run_connection, args=(target, plan, numbers, start, samples))
        for samples in per_thread
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Samples(busy=(time.process_time() - busy) / (time.monotonic() - start))
    for samples in per_thread:
        total.extend(samples)
    if plan.rate is not None:
        total.unsent.extend(_left_over(numbers, plan.rate, plan.seconds))
    return total


def _run_connection(
    target: Target, plan: Plan, numbers: Iterator[int], start: float, samples: Samples
) -> None:
    connection = Connection(target.address, plan.timeout)
    while (due := _wait_for_turn(plan, number := next(numbers), start)) is not None:
        sent = time.monotonic() - start
        if sent >= plan.seconds:
            if plan.rate is not None:
                samples.unsent.append(due)
            break
        outcome = _outcome(connection, target.requests[number % len(target.requests)])
        ended = time.monotonic() - start
        samples.add(sent if plan.rate is None else due, sent, ended, outcome)
        if outcome and not outcome.startswith("HTTP"):
            time.sleep(PAUSE_AFTER_ERROR_SECONDS)
    connection.close()


def _wait_for_turn(plan: Plan, number: int, start: float) -> float | None:
    """When a request is due, having waited for it; None if only after the end."""
    if plan.rate is None:
        return 0.0
    due = number / plan.rate
    if due >= plan.seconds:
        return None
    early = due - (time.monotonic() - start)
    if early > 0:
        time.sleep(early)
    return due


def _left_over(numbers: Iterator[int], rate: float, seconds: float) -> Iterator[float]:
    """When requests were due whose number no connection came to."""
    times = (number / rate for number in numbers)
    return itertools.takewhile(lambda due: due < seconds, times)


def _outcome(connection: Connection, request: bytes) -> str:
    """The kind of error, or an empty text."""
    try:
        status = connection.exchange(request).status
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "connection refused"
    except ConnectionError:
        return "connection broken"
    except OSError as error:
        return f"connection: {error.strerror or error}"
    except MalformedAnswerError:
        return "malformed answer"
    return "" if status == 200 else f"HTTP {status}"
