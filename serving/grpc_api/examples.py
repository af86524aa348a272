"""Classify and regress over gRPC: outputs as `ClassificationResult` and `RegressionResult`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serving.grpc_api.call import signature_name
from serving.inference.results import (
    CLASSES,
    SCORES,
    classification_shape,
    regression_values,
    require_classify_signature,
    require_regress_signature,
    run_examples,
)
from serving.inference.servable import Servable, Signature
from serving.inference.tensor import Tensor
from serving.protocol.errors import invalid_argument, unimplemented
from serving.protocol.proto_messages import DynamicMessage


@dataclass(frozen=True)
class Method:
    """One of the two ways to run a signature on examples.

    Attributes:
        name: the `method_name` in a `MultiInferenceRequest`.
        field: the field of an `InferenceResult` with its result.
        require: checks that a signature can do it, and says which outputs it takes.
        fill: writes outputs of a number of examples into the result.
    """

    name: str
    field: str
    require: Callable[[Signature], set[str]]
    fill: Callable[[dict[str, Tensor], int, DynamicMessage], None]

    def run(
        self, model: Servable, signature: str, examples: list[bytes], result: DynamicMessage
    ) -> None:
        """Run a signature on serialized examples and fill the result.

        Raises:
            ServingError: as `run_examples`; INVALID_ARGUMENT, outputs of another
                type or shape.
        """
        outputs = run_examples(model, signature, examples, self.require)
        self.fill(outputs, len(examples), result)


def method_of(task: DynamicMessage) -> Method:
    """How an `InferenceTask` wants its signature run.

    Raises:
        ServingError: UNIMPLEMENTED, neither way.
    """
    for method in (CLASSIFY, REGRESS):
        if task.method_name == method.name:
            return method
    raise unimplemented(f"Unsupported signature method_name: {task.method_name}")


def check_tasks(tasks: Sequence[DynamicMessage]) -> None:
    """Check that tasks go together: one model, and every signature once.

    Raises:
        ServingError: INVALID_ARGUMENT, they do not; UNIMPLEMENTED, neither classify nor regress.
    """
    seen = set()
    for task in tasks:
        if not task.model_spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != tasks[0].model_spec.name:
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        name = signature_name(task.model_spec)
        if name in seen:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        method_of(task)


def _fill_classifications(outputs: dict[str, Tensor], batch: int, result: DynamicMessage) -> None:
    rows, width = classification_shape(outputs, batch)
    labels, scores = [b""] * rows * width, [0.0] * rows * width
    if CLASSES in outputs:
        labels = outputs[CLASSES].values.tolist()
    if SCORES in outputs:
        scores = outputs[SCORES].values.tolist()
    for row in range(rows):
        classes = result.classifications.add().classes
        for place in range(row * width, (row + 1) * width):
            classes.add(label=labels[place], score=scores[place])


def _fill_regressions(outputs: dict[str, Tensor], batch: int, result: DynamicMessage) -> None:
    for value in regression_values(outputs, batch).tolist():
        result.regressions.add(value=value)


CLASSIFY = Method(
    "tensorflow/serving/classify",
    "classification_result",
    require_classify_signature,
    _fill_classifications,
)
REGRESS = Method(
    "tensorflow/serving/regress",
    "regression_result",
    require_regress_signature,
    _fill_regressions,
)
