"""Only the outputs that somebody wants are run, fetched and paid for."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from google.protobuf import text_format
from helpers import graph_models
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis.input_pb2 import Input

from serving.batching.batch_scheduler import Scheduler
from serving.batching.batched_model import BatchedModel
from serving.batching.parameters import BatchingParameters
from serving.grpc_api.predict import predict
from serving.inference.deadline import Deadline, run_until
from serving.inference.examples import serialized_examples
from serving.inference.results import require_classify_signature, run_examples
from serving.inference.tensor import Tensor
from serving.models import signature_function
from serving.models.loaded_model import LoadedModel
from serving.models.versions import VersionDirectory
from serving.protocol.errors import ServingError

FEEDS = {"x": Tensor(np.array([3, 2], np.int64), (2,))}
# What is wanted, and what comes.
HARMLESS = {
    ("y",): {"y": [3.0, 2.0]},
    ("found", "counted"): {"found": [30, -1], "counted": [3]},
    ("counted", "y"): {"counted": [3], "y": [3.0, 2.0]},
}


@pytest.fixture(scope="module")
def harmful(tmp_path_factory) -> LoadedModel:
    path = tmp_path_factory.mktemp("harmful") / "1"
    graph_models.save_harmful(path)
    return LoadedModel(VersionDirectory("harmful", 1, path))


@pytest.fixture(scope="module")
def batched(harmful) -> BatchedModel:
    parameters = BatchingParameters(max_batch_size=8)
    return BatchedModel(harmful, Scheduler(1, "selections"), parameters)


def request(*wanted: str) -> predict_pb2.PredictRequest:
    asked = predict_pb2.PredictRequest(output_filter=wanted)
    text = "dtype: DT_INT64 tensor_shape { dim { size: 2 } } int64_val: [3, 2]"
    text_format.Parse(text, asked.inputs["x"])
    return asked


@pytest.mark.parametrize("wanted", HARMLESS)
@pytest.mark.parametrize("kind", ["alone", "batched"])
def test_over_grpc(harmful, batched, kind, wanted):
    response = predict_pb2.PredictResponse()
    model = harmful if kind == "alone" else batched
    predict(model, "serving_default", request(*wanted), response.outputs)
    values = {
        alias: list(proto.float_val or proto.int64_val) for alias, proto in response.outputs.items()
    }
    assert values == HARMLESS[wanted]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("asserted", "it fails"),
        ("gathered", "is not in [0, 1)"),
        ("ragged", "output ragged is a RaggedTensor, not a dense tensor"),
        ("sparse", "output sparse is a SparseTensor, not a dense tensor"),
        ("huge", "tensor with shape[300000000000]"),
    ],
)
def test_what_does_harm_does_it_to_who_wants_it(harmful, wanted, message):
    with pytest.raises(ServingError) as caught:
        harmful.run("serving_default", FEEDS, ["y", wanted])
    assert message in caught.value.message
    assert "File" not in caught.value.message


def test_a_selection_is_cancelled_like_everything(harmful):
    deadline = Deadline()
    threading.Timer(0.3, deadline.end).start()
    with ThreadPoolExecutor(1) as pool, pytest.raises(ServingError, match="cancelled"):
        pool.submit(run_until, deadline, harmful.run, "serving_default", FEEDS, ["slow"]).result()


def test_classify_fetches_what_it_answers(harmful):
    """Neither as a whole nor in part is the other output asked for."""
    source = text_format.Parse("example_list { examples {} examples {} }", Input())
    examples = serialized_examples(source)
    outputs = run_examples(harmful, "classify", examples, require_classify_signature)
    assert {alias: output.values.tolist() for alias, output in outputs.items()} == {
        "scores": [0.0, 0.0]
    }


def test_not_more_selections_are_kept_than_pay(harmful, monkeypatch):
    monkeypatch.setattr(signature_function, "MOST_SELECTIONS", 2)
    function = harmful._saved_model.functions["serving_default"]
    for wanted in HARMLESS:
        harmful.run("serving_default", FEEDS, wanted)
    assert list(function._selections._made) == [("counted", "found"), ("counted", "y")]
