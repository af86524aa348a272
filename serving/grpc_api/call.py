"""`ModelSpec`s: which model, version and signature a gRPC request asks for, and which answered."""

from tensorflow_serving.apis.model_pb2 import ModelSpec

from serving.inference.servable import DEFAULT_SIGNATURE, Servable
from serving.models.registry import Registry
from serving.protocol.errors import invalid_argument
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.urls import Call


def find_model(registry: Registry, request: DynamicMessage) -> Servable:
    """The model that a request with a `model_spec` asks for.

    Raises:
        ServingError: INVALID_ARGUMENT, no model is named or the label is unknown; NOT_FOUND, no
            such model or version.
    """
    require_model_spec(request)
    if not request.model_spec.name:
        raise invalid_argument("ModelSpec has no name specified.")
    return registry.find(call_of(request.model_spec, "predict"))


def require_model_spec(request: DynamicMessage) -> None:
    """Check that a request says which model it is for.

    Raises:
        ServingError: INVALID_ARGUMENT, it does not.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")


def call_of(specification: ModelSpec, operation: str) -> Call:
    """What a `ModelSpec` names, as a URL of the REST interface would."""
    choice = specification.WhichOneof("version_choice")
    return Call(
        operation=operation,
        model=specification.name,
        version=specification.version.value if choice == "version" else None,
        label=specification.version_label if choice == "version_label" else None,
    )


def signature_name(specification: ModelSpec) -> str:
    """The signature a request names; `serving_default` where it names none."""
    return specification.signature_name or DEFAULT_SIGNATURE


def answering(model: Servable, signature: str = "") -> ModelSpec:
    """The `model_spec` of a response: the version that answered, whatever was asked for."""
    specification = ModelSpec(name=model.name, signature_name=signature)
    specification.version.value = model.version
    return specification
