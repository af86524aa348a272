"""Quantised files: what they hold, what they still answer, and what the proof sees if one is bad.

The two encoders, of 2,001 x 64 tables, are conftest's.
"""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.litert.calibration import activation_ranges
from export.litert.modes import MODES
from export.litert.quantization import quantize
from export.litert.runner import lite_asker
from export.proof.approximate import ApproximateJudge
from export.proof.artifacts import prove

QUANTIZED = ("float16", "dynamic", "int8")
ROWS, DIM, WINDOW, K = 2001, 64, 20, 10
TABLE = ROWS * DIM


@pytest.fixture(params=["sasrec", "gru4rec"])
def model(request, large) -> SimpleNamespace:
    return large[request.param]


def constants(content: bytes) -> list[np.ndarray]:
    """Every constant of a file, without its shape."""
    dtypes = {
        schema.TensorType.FLOAT32: np.float32,
        schema.TensorType.FLOAT16: np.float16,
        schema.TensorType.INT8: np.int8,
    }
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    return [
        np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtypes[tensor.type])
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tensor.type in dtypes and model.buffers[tensor.buffer].data is not None
    ]


def sizes(content: bytes, dtype) -> list[int]:
    """Of the constants of a type."""
    return [values.size for values in constants(content) if values.dtype == dtype]


@pytest.mark.parametrize("mode", QUANTIZED)
def test_built_in_operators_only(model, mode):
    read = schema.Model.GetRootAs(model.files[mode], 0)
    codes = [read.OperatorCodes(number) for number in range(read.OperatorCodesLength())]
    assert [code.CustomCode() for code in codes if code.CustomCode()] == []
    assert schema.BuiltinOperator.CUSTOM not in {code.BuiltinCode() for code in codes}


@pytest.mark.parametrize(("mode", "most"), [("float16", 0.52), ("dynamic", 0.35), ("int8", 0.35)])
def test_the_file_really_shrinks(model, mode, most):
    assert len(model.files[mode]) < most * len(model.files["none"])


@pytest.mark.parametrize(("encoder", "tables"), [("sasrec", 1), ("gru4rec", 2)])
def test_every_table_is_in_the_file_once_and_in_few_bits(large, encoder, tables):
    files = large[encoder].files
    assert sizes(files["none"], np.float32).count(TABLE) == tables
    assert sizes(files["float16"], np.float16).count(TABLE) == tables
    for mode in ("dynamic", "int8"):
        assert sizes(files[mode], np.int8).count(TABLE) == tables
        # What stays in float are vectors: scales, biases, normalisation.
        assert max(sizes(files[mode], np.float32)) == ROWS
        assert sizes(files[mode], np.float16) == []


def test_a_table_is_levels_times_the_scale_of_each_row(large):
    found = constants(large["sasrec"].files["dynamic"])
    (levels,) = (values.reshape(-1, DIM) for values in found if values.size == TABLE)
    scales = next(values for values in found if values.size == ROWS)[:, np.newaxis]
    table = large["sasrec"].table
    assert levels.dtype == np.int8
    np.testing.assert_allclose(scales[:, 0], np.abs(table).max(axis=1) / 127, rtol=1e-6)
    assert (np.abs(levels * scales - table) <= 0.501 * scales).all()


@pytest.mark.parametrize("mode", QUANTIZED)
def test_policies_hold_and_answers_are_near_float32(model, mode):
    ask, known = lite_asker(model.files[mode], model.sidecar), set(model.sidecar.items.ids)
    judge = ApproximateJudge(MODES[mode], known, known)
    for request in model.golden.requests:
        answers = ask(request.histories)
        rows = zip(request.histories, request.answers, answers, strict=True)
        for history, expected, (ids, scores) in rows:
            assert judge(history, expected, ids, scores) == []
    assert judge.failures() == []
    assert judge.agreement < 1 or mode == "float16"


@pytest.mark.parametrize("mode", QUANTIZED)
@pytest.mark.parametrize("length", [0, 1, WINDOW, 2 * WINDOW + 1, 1500])
def test_histories_of_any_length(model, mode, length):
    history = model.sidecar.items.ids[:length]
    ((ids, scores),) = lite_asker(model.files[mode], model.sidecar)([history])
    assert len(ids) == len(set(ids)) == K and not set(ids) & set(history)
    assert scores == sorted(scores, reverse=True) and np.isfinite(scores).all()


def staged(folder, model, mode: str, content: bytes):
    (folder / "model.tflite").write_bytes(content)
    items = {"ids": model.sidecar.items.ids}
    sidecar = {"id_name": "movie_ids", "speaks": "ids", "quantization": mode, "items": items}
    sidecar |= {"signature": model.sidecar.signature.to_json()}
    (folder / "model.json").write_text(json.dumps(sidecar))
    model.golden.write(folder / "golden_requests.json")
    return folder


def test_the_proof_states_what_it_asked_of_a_mode(model, tmp_path):
    proof = prove([staged(tmp_path, model, "int8", model.files["int8"])])
    form = proof.forms["litert"]
    assert (proof.failures, form.tolerance) == ([], 0.2)
    assert 0.8 < form.agreement < 1
    assert 1e-4 < form.largest_difference < 0.2


def test_the_proof_holds_a_quantised_file_to_the_mode_that_it_claims(model, tmp_path):
    proof = prove([staged(tmp_path, model, "float16", model.files["int8"])])
    assert any("within 1% of the largest" in failure for failure in proof.failures)


def test_the_proof_finds_a_file_whose_ranges_are_of_no_history(model, tmp_path):
    ranges = activation_ranges(model.files["none"], ROWS, requests=[])
    content = quantize(model.files["none"], "int8", ROWS, ranges)
    proof = prove([staged(tmp_path, model, "int8", content)])
    assert any("of float32's recommendations, got" in failure for failure in proof.failures)


def test_the_proof_finds_withheld_items_in_a_quantised_file(model, tmp_path):
    staging = staged(tmp_path, model, "dynamic", model.files["dynamic"])
    firsts = [answer.ids[0] for answer in model.golden.requests[-1].answers]
    model.golden.replaced(withheld=firsts).write(staging / "golden_requests.json")
    proof = prove([staging])
    assert any("may not be recommended" in failure for failure in proof.failures)
