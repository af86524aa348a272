"""The client of a model exported with `--repeats`: seen items come up unless a request says no."""

import json
from types import SimpleNamespace

import pytest

from serving.client import Recommender
from serving.client.transports import grpc_transport, rest_transport
from serving.client.transports.retrying import Retries
from serving.client.transports.transport import Served, Transport
from serving.client.transports.wire import SignatureDefMap
from serving.rest_api.metadata import metadata_text

IDS = {"movie_ids": ("DT_INT64", [-1])}
TAKES = {
    "ragged": IDS | {"row_splits": ("DT_INT64", [-1])},
    "recommend": {
        "movie_ids": ("DT_INT64", [-1, -1]),
        **{"k": ("DT_INT32", []), "exclude_ids": ("DT_INT64", [-1])},
        "filter_seen": ("DT_BOOL", []),
    },
}


def definitions(hides_seen: bool | None) -> dict:
    """Real signatures of an export; None has no default."""
    tf = pytest.importorskip("tensorflow")
    from tensorflow.core.framework.types_pb2 import DataType
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

    found = {}
    for name, inputs in TAKES.items():
        found[name] = SignatureDef()
        outputs = {"movie_ids": ("DT_INT64", [-1, 3]), "titles": ("DT_STRING", [-1, 3])}
        outputs["scores"] = ("DT_FLOAT", [-1, 3])
        for side, tensors in ((found[name].inputs, inputs), (found[name].outputs, outputs)):
            for alias, (kind, shape) in tensors.items():
                side[alias].dtype = DataType.Value(kind)
                sizes = [None if size < 0 else size for size in shape]
                side[alias].tensor_shape.CopyFrom(tf.TensorShape(sizes).as_proto())
    if hides_seen is not None:
        default = tf.make_tensor_proto(hides_seen)
        found["recommend"].defaults["filter_seen"].CopyFrom(default)
        found["recommend"].defaults["k"].CopyFrom(tf.make_tensor_proto(3))
    return found


def over_rest(served: dict) -> dict:
    model = SimpleNamespace(name="m", version=1, definitions=served)
    answer = json.loads(metadata_text(model))["metadata"]["signature_def"]["signature_def"]
    return {name: rest_transport._signature(each) for name, each in answer.items()}


def over_grpc(served: dict) -> dict:
    from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap as Real

    content = Real(signature_def=served).SerializeToString()
    return grpc_transport._signatures(SignatureDefMap.FromString(content))


class Recorded(Transport):
    """Knows the signatures of a server and keeps what is asked of it."""

    def __init__(self, signatures: dict):
        super().__init__(Served("http://localhost:8501", "m"), 1.0, Retries(attempts=1))
        self._known, self.asked = signatures, []

    def close(self) -> None:
        """Nothing is open."""

    def _ask_signatures(self, timeout):
        return self._known

    def _predict(self, signature, inputs, timeout):
        inputs = self.complete(signature, inputs)
        hidden = inputs["filter_seen"].values[0] if "filter_seen" in inputs else None
        self.asked.append((signature, hidden))
        return {"movie_ids": [[1]], "titles": [["one"]], "scores": [[1.0]]}


@pytest.mark.parametrize("protocol", [over_rest, over_grpc])
@pytest.mark.parametrize("default", [True, False, None])
def test_what_is_not_said_is_as_exported(protocol, default):
    signatures = protocol(definitions(default))
    defaults = {name: read().values for name, read in signatures["recommend"].defaults.items()}
    assert defaults == ({} if default is None else {"filter_seen": [default], "k": [3]})
    client = Recommender("http://localhost:8501")
    client.transport = transport = Recorded(signatures)
    hides = default is not False
    client.recommend([[1]])
    client.recommend([[1]], k=9)
    client.recommend([[1]], exclude_ids=[2])
    client.recommend([[1]], filter_seen=hides)
    client.recommend([[1]], filter_seen=not hides)
    client.recommend([[1]], k=9, filter_seen=not hides)
    plain, asked = ("ragged", None), lambda hidden: ("recommend", hidden)
    expected = [plain, asked(hides), asked(hides), plain, asked(not hides), asked(not hides)]
    assert transport.asked == expected
