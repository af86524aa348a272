"""The operations of the REST interface: a call and a request body -> the answer's text.

They run in a worker thread: parsing, the graph and the answer's text all take time.
"""

from collections.abc import Callable

from serving.errors import invalid_argument
from serving.models.loaded_model import Signature
from serving.models.registry import Registry
from serving.models.tensor import Tensor
from serving.rest_api.examples import read_examples
from serving.rest_api.json_document import parse_document
from serving.rest_api.json_request import is_row_form, read_columns, read_rows, read_signature_name
from serving.rest_api.json_response import outputs_text, predictions_text
from serving.rest_api.metadata import metadata_text, status_text
from serving.rest_api.results import (
    classifications_text,
    regressions_text,
    require_classify_signature,
    require_regress_signature,
    run_examples,
)
from serving.urls import Call

Operation = Callable[[Registry, Call, bytes], str]


def status(registry: Registry, call: Call, body: bytes) -> str:
    """Which versions of a model there are and how they are."""
    return status_text(registry.versions(call))


def metadata(registry: Registry, call: Call, body: bytes) -> str:
    """The signatures of a version."""
    return metadata_text(registry.find(call))


def predict(registry: Registry, call: Call, body: bytes) -> str:
    """Run any signature on tensors, in row or column form."""
    document = parse_document(body)
    signature_name = read_signature_name(document)
    model = registry.find(call)
    signature = model.signatures.get(signature_name)
    if signature is None:
        raise invalid_argument(
            f'Serving signature name: "{signature_name}" not found in signature def'
        )
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {signature_name}")
    if is_row_form(document):
        feeds = read_rows(document["instances"], signature.inputs)
        return predictions_text(model.run(signature_name, feeds))
    feeds = read_columns(document["inputs"], signature.inputs)
    return outputs_text(model.run(signature_name, feeds))


def classify(registry: Registry, call: Call, body: bytes) -> str:
    """Run a signature on examples; classes and scores of each."""
    batch, outputs = _run_examples(registry, call, body, require_classify_signature)
    return classifications_text(outputs, batch)


def regress(registry: Registry, call: Call, body: bytes) -> str:
    """Run a signature on examples; a number for each."""
    batch, outputs = _run_examples(registry, call, body, require_regress_signature)
    return regressions_text(outputs, batch)


OPERATIONS: dict[str, Operation] = {
    "status": status,
    "metadata": metadata,
    "predict": predict,
    "classify": classify,
    "regress": regress,
}


def _run_examples(
    registry: Registry, call: Call, body: bytes, require: Callable[[Signature], set[str]]
) -> tuple[int, dict[str, Tensor]]:
    document = parse_document(body)
    signature_name = read_signature_name(document)
    examples = read_examples(document)
    model = registry.find(call)
    return len(examples), run_examples(model, signature_name, examples, require)
