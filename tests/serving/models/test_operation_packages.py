"""Operations of other packages: registered when a model needs them, or else named."""

import subprocess
import sys

import pytest
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2

from serving.inference.tensor import Tensor, string_values
from serving.models.loaded_model import LoadedModel
from serving.models.operation_packages import require_operations
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError

TEXT = """
import sys
import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from serving.models.operation_packages import PACKAGES

def registered():
    return {name for name in PACKAGES[0].operations if op_def_registry.get(name)}

assert registered() == set()
import tensorflow_text
assert registered() == PACKAGES[0].operations

class Words(tf.Module):
    def __init__(self):
        self.tokenizer = tensorflow_text.WhitespaceTokenizer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        folded = tensorflow_text.case_fold_utf8(text)
        return {"words": self.tokenizer.tokenize(folded).to_tensor("")}

module = Words()
tf.saved_model.save(module, sys.argv[1], signatures=module.serve)
"""


def graph(*operations: str, function: str = "") -> graph_pb2.GraphDef:
    made = graph_pb2.GraphDef()
    for operation in operations:
        made.node.add(name=operation, op=operation)
    if function:
        inner = made.library.function.add()
        inner.signature.name = "inner"
        inner.node_def.add(name="inside", op=function)
        made.node.add(name="call", op="inner")
    return made


def write(path, content: graph_pb2.GraphDef) -> None:
    saved_model = saved_model_pb2.SavedModel()
    meta_graph = saved_model.meta_graphs.add(graph_def=content)
    meta_graph.meta_info_def.tags.append("serve")
    path.mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(saved_model.SerializeToString())


def test_what_tensorflow_has():
    require_operations(graph("AddV2", function="StatefulPartitionedCall"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            graph("SimpleMLInferenceOpWithHandle", "AddV2"),
            r"Received: op SimpleMLInferenceOpWithHandle of tensorflow-decision-forests \(pip "
            r"install tensorflow-decision-forests\)$",
        ),
        (
            graph(function="SimpleMLLoadModelFromPathWithHandle"),
            "op SimpleMLLoadModelFromPathWithHandle of tensorflow-decision-forests",
        ),
        (
            graph("Addons>Resample"),
            "op Addons>Resample, which neither TensorFlow nor TensorFlow Serving's binary has$",
        ),
        (graph("TFText>OfTomorrow"), r"op TFText>OfTomorrow of tensorflow-text \("),
    ],
)
def test_what_nobody_has_is_named(tmp_path, content, message):
    write(tmp_path / "1", content)
    with pytest.raises(InputError, match=f"model 'm' version 1: .*{message}") as caught:
        LoadedModel(VersionDirectory("m", 1, tmp_path / "1"))
    assert "\n" not in str(caught.value)


def test_a_model_with_operations_of_a_package(tmp_path):
    """Made by another process: here it is the model that has them registered."""
    command = [sys.executable, "-c", TEXT, str(tmp_path / "1")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert ended.returncode == 0, ended.stderr
    model = LoadedModel(VersionDirectory("text", 1, tmp_path / "1"))
    assert "tensorflow_text" in sys.modules
    text = Tensor(string_values([b"The Alien  Garden"]), (1,))
    words = model.run("serving_default", {"text": text})["words"]
    assert words.values.tolist() == [b"the", b"alien", b"garden"]
