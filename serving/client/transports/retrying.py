"""Asking again after a failure that may pass: exponential back-off with jitter, bounded."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from serving.protocol.errors import InputError
from serving.protocol.status import Code

# HTTP 429, 503 and 504; a connection that fails is UNAVAILABLE, an answer that does not come in
# time DEADLINE_EXCEEDED. All requests of this package only read, so sending one twice is harmless.
RETRIED = frozenset({Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED})

Answer = TypeVar("Answer")


class RequestError(InputError):
    """A request that was refused or got no answer.

    Attributes:
        code: TensorFlow's canonical code, the same over REST and gRPC.
        retry_after: seconds the server asks to wait before the next attempt.
    """

    def __init__(self, message: str, code: Code, retry_after: float = 0.0):
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True)
class Retries:
    """How often, and for how long, a request that failed is sent again.

    Attributes:
        attempts: times it is sent at most; 1 never sends it again.
        seconds: from the first sending on; no attempt goes beyond it but the first, which may
            take as long as one answer may.
        first_wait: longest wait before the second attempt, in seconds; it doubles every time.
        longest_wait: what the wait stops growing at, in seconds.
    """

    attempts: int = 5
    seconds: float = 30.0
    first_wait: float = 0.1
    longest_wait: float = 5.0

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures, drawn from the upper half of what is allowed.

        Drawn, so that clients which failed together do not come back together.
        """
        longest = min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1))
        return longest * random.uniform(0.5, 1.0)


def ask_repeatedly(
    retries: Retries,
    timeout: float,
    ask: Callable[[float], Answer],
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Call `ask` until it answers, fails for good, or the attempts or the time are used up.

    Args:
        retries: the bounds.
        timeout: seconds that one attempt may take.
        ask: takes the seconds it may take; raises `RequestError` when it fails.
        sleep: waits that many seconds.

    Raises:
        RequestError: the last failure.
    """
    started = time.monotonic()
    for failures in range(1, retries.attempts):
        try:
            return ask(timeout)
        except RequestError as error:
            wait = max(retries.wait(failures), error.retry_after)
            left = retries.seconds - (time.monotonic() - started) - wait
            if error.code not in RETRIED or left <= 0:
                raise
        sleep(wait)
        timeout = min(timeout, left)
    return ask(timeout)
