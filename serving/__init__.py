"""Serve and query SavedModels under TensorFlow Serving's protocol; the last of three stages.

import serving

with serving.Server("models/seqrec") as server:
    for answer in serving.Recommender(server.url).recommend([[1193, 661]]):
        print([recommendation.title for recommendation in answer])

Names are imported when they are asked for: a client loads neither TensorFlow nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.client.recommender import Recommendation, Recommender
    from serving.client.transports.retrying import RequestError, Retries
    from serving.protocol.errors import InputError
    from serving.server.in_process import Server
    from serving.server.options import ServerOptions

__all__ = [
    "InputError",
    "Recommendation",
    "Recommender",
    "RequestError",
    "Retries",
    "Server",
    "ServerOptions",
]

_PLACES = {
    "InputError": "serving.protocol.errors",
    "Recommendation": "serving.client.recommender",
    "Recommender": "serving.client.recommender",
    "RequestError": "serving.client.transports.retrying",
    "Retries": "serving.client.transports.retrying",
    "Server": "serving.server.in_process",
    "ServerOptions": "serving.server.options",
}


def __getattr__(name: str) -> object:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
