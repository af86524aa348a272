"""The operations of the REST interface: a call, and what a request asks for -> the answer's text.

They run in a worker thread: the graph and the answer's text take time.
"""

from collections.abc import Callable

from serving.inference.results import (
    require_classify_signature,
    require_regress_signature,
    run_feeds,
)
from serving.inference.servable import Servable
from serving.inference.tensor import free_strings
from serving.models.registry import Registry
from serving.protocol.errors import ServingError
from serving.protocol.urls import Call
from serving.rest_api.json_response import not_expressible, outputs_text, predictions_text
from serving.rest_api.json_tensor import SUPPORTED_DTYPES
from serving.rest_api.metadata import metadata_text, status_text
from serving.rest_api.reading import Asked, Model
from serving.rest_api.results import classifications_text, regressions_text
from serving.rest_api.turns import turn


def find_model(registry: Registry, call: Call) -> tuple[Servable | None, Model]:
    """The model that a call asks for, and what has to be known to read the request.

    A model that is not there is an error only when the request has been read.
    """
    try:
        model = registry.find(call)
    except ServingError as error:
        return None, Model({}, error)
    return model, Model({name: one.inputs for name, one in model.signatures.items()})


def status(registry: Registry, call: Call) -> str:
    """Which versions of a model there are and how they are."""
    return status_text(registry.versions(call))


def metadata(registry: Registry, call: Call) -> str:
    """The signatures of a version."""
    return metadata_text(registry.find(call))


def predict(model: Servable, asked: Asked) -> str:
    """Run any signature on tensors, in row or column form."""
    outputs = model.run(asked.signature, asked.feeds)
    for alias, tensor in outputs.items():
        # The arrays do not tell int8 from qint8.
        dtype = model.signatures[asked.signature].outputs[alias]
        if dtype not in SUPPORTED_DTYPES and tensor.values.size:
            raise not_expressible(alias, dtype.removeprefix("DT_").lower())
    with turn(sum(tensor.values.size for tensor in outputs.values())):
        text = predictions_text(outputs) if asked.rows else outputs_text(outputs)
        free_strings(outputs)
    return text


def classify(model: Servable, asked: Asked) -> str:
    """Run a signature on examples; classes and scores of each."""
    outputs = run_feeds(model, asked.signature, asked.feeds, require_classify_signature)
    return classifications_text(outputs, _batch(asked))


def regress(model: Servable, asked: Asked) -> str:
    """Run a signature on examples; a number for each."""
    outputs = run_feeds(model, asked.signature, asked.feeds, require_regress_signature)
    return regressions_text(outputs, _batch(asked))


INFORMATION: dict[str, Callable[[Registry, Call], str]] = {"status": status, "metadata": metadata}
INFERENCE: dict[str, Callable[[Servable, Asked], str]] = {
    "predict": predict,
    "classify": classify,
    "regress": regress,
}


def _batch(asked: Asked) -> int:
    (examples,) = asked.feeds.values()
    return examples.shape[0]
