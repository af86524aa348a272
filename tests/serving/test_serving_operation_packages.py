"""Operations of other packages: registered when a model needs them, or else named."""

import subprocess
import sys

import pytest
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2

from serving.errors import InputError
from serving.models.loaded_model import LoadedModel
from serving.models.operation_packages import require_operations
from serving.models.versions import VersionDirectory

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model with operations of tensorflow-text, and one of two versions, the newer without."""
    import tensorflow as tf
    from conftest import half_plus_two

    root = tmp_path_factory.mktemp("operations")
    command = [sys.executable, "-c", TEXT, str(root / "text/1")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert ended.returncode == 0, ended.stderr
    half = half_plus_two(tf)
    tf.saved_model.save(half, str(root / "half/1"), signatures=half.serve)
    write(root / "half/2", graph("SimpleMLInferenceOpWithHandle"))
    return root


def test_a_server_of_such_models(folder, start_server):
    entries = [
        f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow" '
        "model_version_policy { all {} } }"
        for name in ("half", "text")
    ]
    (folder / "models.config").write_text(f"model_config_list {{ {' '.join(entries)} }}")
    running = start_server(f"--model_config_file={folder}/models.config")
    answer = running.post("/v1/models/text:predict", {"instances": ["The Alien  Garden"]})
    assert answer.json() == {"predictions": [["the", "alien", "garden"]]}
    two, one = running.get("/v1/models/half").json()["model_version_status"]
    assert (two["state"], one["state"]) == ("END", "AVAILABLE")
    assert "(pip install tensorflow-decision-forests)" in two["status"]["error_message"]
    assert running.post("/v1/models/half:predict", {"instances": [1.0]}).status_code == 200
    assert running.stop() == 0
