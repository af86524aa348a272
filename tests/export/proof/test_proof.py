"""The proof, as a process of its own: good artifacts pass, each kind of bad one is named."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers.forms import FORMS
from helpers.processes import run_module
from tensorflow.core.protobuf import saved_model_pb2

PROVEN_FORMS = [*FORMS, "score", "encode", "similar", "litert"]


@pytest.fixture
def staging(models, tmp_path):
    """What the exporter proved before it published: both artifacts with their golden requests."""
    shutil.copytree(models / "seqrec/1", tmp_path / "savedmodel")
    shutil.copytree(models / "seqrec-lite/1", tmp_path / "lite")
    return tmp_path


@pytest.fixture
def prove(staging):
    def run_proof(*artifacts: str) -> tuple[int, dict]:
        """Exit code and report of the artifacts that are named, to save time."""
        done = run_module("export.proof", *(staging / name for name in artifacts))
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run_proof


def change_golden(staging, change) -> None:
    path = staging / "lite/golden_requests.json"
    golden = json.loads(path.read_text())
    change(golden)
    path.write_text(json.dumps(golden))


def test_good_artifacts_pass_in_every_form(prove):
    code, report = prove("savedmodel", "lite")
    assert (code, report["failures"], set(report["forms"])) == (0, [], set(PROVEN_FORMS))
    requests = {form: found["requests"] for form, found in report["forms"].items()}
    single = {"recommend": 8 + 3, "score": 1, "encode": 1, "similar": 1}
    assert requests == {form: single.get(form, 8) for form in PROVEN_FORMS}
    assert report["warmup_records"] == 6 * 2 * 5 + 6  # lengths x batches x forms, and calls
    assert all(0 <= f["largest_difference"] < 1e-5 for f in report["forms"].values())


def test_a_changed_item_table_is_found_in_every_form(prove, staging, random_run):
    table = np.asarray(random_run.encoder.item_table())
    prefix = str(staging / "savedmodel/variables/variables")
    reader = tf.train.load_checkpoint(prefix)
    names = sorted(reader.get_variable_to_dtype_map())
    values = [reader.get_tensor(name) for name in names]
    changed = [
        number
        for number, value in enumerate(values)
        if getattr(value, "shape", None) == table.shape and np.array_equal(value, table)
    ]
    assert len(changed) == 1  # the file holds each weight once
    values[changed[0]] = values[changed[0]][::-1]
    _write_checkpoint(prefix, names, values)
    code, report = prove("savedmodel")
    assert code == 1
    named = {failure.split(", history")[0] for failure in report["failures"]}
    # One item, in each form; only histories without a known item have the same answer still.
    assert {f"{form}, one_item" for form in FORMS} <= named
    assert {"score", "similar"} <= {failure.split(":")[0] for failure in report["failures"]}
    assert not {f"{form}, empty" for form in PROVEN_FORMS} & named
    assert any("history 0: place 1: expected" in failure for failure in report["failures"])


def _write_checkpoint(prefix: str, names: list[str], values: list) -> None:
    tensors = [tf.constant(value) for value in values]
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
    )


def test_a_lite_file_of_other_weights_is_found(prove, staging, lite):
    # The same items, k and id name, but the successor encoder's.
    shutil.copy(lite["int64"] / "model.tflite", staging / "lite/model.tflite")
    code, report = prove("lite")
    assert code == 1
    assert any(f.startswith("litert, one_item, history 0: place 1:") for f in report["failures"])
    assert not any(f.startswith("litert, empty") for f in report["failures"])


def test_a_corrupted_variables_file_is_found(prove, staging):
    path = staging / "savedmodel/variables/variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    code, report = prove("savedmodel")
    assert code == 1
    assert len(report["failures"]) == 1
    assert report["failures"][0].startswith("savedmodel: ")
    assert "checksum" in report["failures"][0].lower()


def test_a_corrupted_artifact_does_not_keep_the_other_from_being_checked(prove, staging):
    (staging / "savedmodel/saved_model.pb").write_bytes(b"no protocol buffer")
    code, report = prove("savedmodel", "lite")
    assert (code, list(report["forms"])) == (1, ["litert"])
    assert [failure.split(":")[0] for failure in report["failures"]] == ["savedmodel"]


def test_an_op_outside_the_allow_list_is_found(prove, staging):
    path = staging / "savedmodel/saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.sin(tf.constant(0.0, name="angle"), name="sine")
    model.meta_graphs[0].graph_def.node.extend(graph.as_graph_def().node)
    path.write_bytes(model.SerializeToString())
    code, report = prove("savedmodel")
    assert (code, report["failures"]) == (1, ["savedmodel: op Sin is not allowed"])


def test_an_artifact_with_another_k_is_found(prove, staging):
    change_golden(staging, lambda golden: golden.update(k=5))
    code, report = prove("lite")
    assert code == 1
    assert report["failures"][0] == "litert, empty: expected 1 answers of 5 ids, got sizes [4]"


def test_one_wrong_id_among_all_answers_is_found(prove, staging):
    answers = json.loads((staging / "lite/golden_requests.json").read_text())["requests"][-1][
        "answers"
    ]
    number = next(n for n, answer in enumerate(answers) if n > 10 and _far_apart(answer["scores"]))

    def change(golden):
        ids = golden["requests"][-1]["answers"][number]["ids"]
        ids[1], ids[2] = ids[2], ids[1]

    change_golden(staging, change)
    code, report = prove("lite")
    assert code == 1
    failed = {f.split(": ")[0] for f in report["failures"]}
    assert failed == {f"litert, batch_of_64, history {number}"}


def _far_apart(scores: list[float]) -> bool:
    """Whether the second and third are no near tie."""
    return scores[1] - scores[2] > 0.1 * max(map(abs, scores[:3]))
