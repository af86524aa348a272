"""One JSON line a request, without anything of the people whose histories are in it."""

import json
import logging
import sys
from datetime import UTC, datetime

logger = logging.getLogger("serving.access")


def open_access_log(place: str) -> None:
    """Send the lines to a file, or to stderr if `place` is "-".

    Raises:
        OSError: the file cannot be written.
    """
    is_stderr = place == "-"
    handler = logging.StreamHandler(sys.stderr) if is_stderr else logging.FileHandler(place)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def log_request(method: str, path: str, status: int, seconds: float, **sizes: int) -> None:
    """Write a line; neither the body, the query string nor the client's address is in it."""
    if not logger.handlers:
        return
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "method": method,
        "path": path,
        "status": status,
        "milliseconds": round(1000 * seconds, 3),
        **sizes,
    }
    logger.info(json.dumps(entry))
