"""Something that is done every so many seconds, such as looking for new versions."""

import logging
import threading
from collections.abc import Callable

from serving.protocol.errors import InputError

logger = logging.getLogger(__name__)


class Repeating:
    """A thread that does something again and again; it ends with `stop`, or with the process.

    Args:
        action: what is done; what it raises is logged, and it is tried again.
        seconds: how long to wait each time.
    """

    def __init__(self, action: Callable[[], None], seconds: float) -> None:
        self._action = action
        self._seconds = seconds
        self._stopped = threading.Event()
        self._complaint: str | None = None
        name = action.__name__
        self._thread = threading.Thread(target=self._loop, daemon=True, name=name)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being done, and no more."""
        self._stopped.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._action()
                self._complaint = None
            except (InputError, OSError) as error:
                # Said once, not every second.
                if str(error) != self._complaint:
                    logger.error("%s; everything stays as it is", error)
                self._complaint = str(error)
            except Exception:
                logger.exception("looking for changes failed; trying again")
