"""Ask a served recommender, over REST or gRPC, on a machine that has neither TensorFlow nor NumPy.

from serving.client import Recommender

recommender = Recommender("http://localhost:8501")
for answer in recommender.recommend([[1193, 661], [914]], k=5):
    print([recommendation.title for recommendation in answer])
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.client.recommender import IdInput, Recommendation, Recommender
    from serving.client.transports.retrying import RequestError, Retries

__all__ = ["IdInput", "Recommendation", "Recommender", "RequestError", "Retries"]

_PLACES = {
    "IdInput": "serving.client.recommender",
    "Recommendation": "serving.client.recommender",
    "Recommender": "serving.client.recommender",
    "RequestError": "serving.client.transports.retrying",
    "Retries": "serving.client.transports.retrying",
}


def __getattr__(name: str) -> object:
    """What `__all__` names, imported when it is asked for: Ctrl-C at the start is one line, too."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
