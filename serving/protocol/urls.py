"""The URL grammar of TensorFlow Serving's REST interface: method and path -> what is asked.

The path is the raw one: percent signs not yet decoded, query string still attached.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from serving.protocol.errors import SilentError, invalid_argument
from serving.protocol.status import Code

LARGEST_VERSION = 2**63 - 1
VERBS = ("predict", "classify", "regress")

_VERSION_OR_LABEL = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_GATE = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_INFERENCE = re.compile(
    rf"/v1/models/(?P<model>[^/:]+){_VERSION_OR_LABEL}:(?P<operation>\w+)", re.IGNORECASE
)
_INFORMATION = re.compile(
    rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION_OR_LABEL}(?P<metadata>/metadata)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Call:
    """What a request asks for.

    Attributes:
        operation: `predict`, `classify`, `regress`, `status` or `metadata`.
        model: the model's name, percent-decoded.
        version: the version asked for, or None for the newest.
        label: the version label asked for, or None.
    """

    operation: str
    model: str
    version: int | None = None
    label: str | None = None


def is_api_path(path: str) -> bool:
    """Whether the REST interface answers for this path; others get a plain 404 page."""
    return _GATE.fullmatch(path) is not None


def parse_call(method: str, path: str) -> Call:
    """Read a request line.

    Args:
        method: the HTTP method, upper case.
        path: the raw path with its query string.

    Raises:
        ServingError: INVALID_ARGUMENT, no call has this form or the model's name is missing;
            with an empty body if the version does not fit int64.
    """
    inference = _INFERENCE.fullmatch(path)
    # The path ignores case, the verb does not.
    if method == "POST" and inference and inference["operation"] in VERBS:
        return _call(inference, inference["operation"])
    if method == "GET" and (match := _INFORMATION.fullmatch(path)):
        if match["model"] is None:
            raise invalid_argument("Missing model name in request.")
        return _call(match, "metadata" if match["metadata"] else "status")
    raise invalid_argument(f"Malformed request: {method} {path}")


def _call(match: re.Match[str], operation: str) -> Call:
    # Not int(): Python refuses numbers of thousands of digits with an error of its own.
    digits = (match["version"] or "").lstrip("0")
    if len(digits) > 19 or int(digits or 0) > LARGEST_VERSION:
        raise SilentError(Code.INVALID_ARGUMENT, "version does not fit int64")
    return Call(
        operation=operation,
        model=_decode(match["model"]),
        version=int(digits or 0) if match["version"] else None,
        label=_decode(match["label"]) if match["label"] else None,
    )


def _decode(text: str) -> str:
    """Text without percent signs; bytes that are not UTF-8 are kept, as surrogate escapes."""
    return unquote(text, errors="surrogateescape")
