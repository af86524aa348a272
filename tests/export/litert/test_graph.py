"""The LiteRT file: built-in ops, histories of any length, the SavedModel's answers."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from helpers.forms import LOWEST
from hypothesis import given, settings
from hypothesis import strategies as st

from export.litert.graph import LiteRecommender, speaks_rows
from export.litert.runner import lite_answers
from seqrec_tf.data.catalogue import Catalogue

INT32 = st.integers(-(2**31), 2**31 - 1)


def catalogue(ids) -> Catalogue:
    names = np.array([str(raw) for raw in ids], object)
    return Catalogue(ids, names, np.ones(len(ids), np.int64), "movie_ids")


@pytest.fixture(scope="module")
def files(lite, models):
    return {**lite, "sasrec": models / "seqrec-lite/1"}


@pytest.mark.parametrize("kind", ["int64", "string", "wide", "sasrec"])
def test_only_builtin_ops(files, kind):
    model = schema.Model.GetRootAs((files[kind] / "model.tflite").read_bytes(), 0)
    codes = [model.OperatorCodes(number) for number in range(model.OperatorCodesLength())]
    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    found = {names[code.BuiltinCode()] for code in codes}
    assert [code.CustomCode() for code in codes if code.CustomCode()] == []
    assert "TOPK_V2" in found and "CUSTOM" not in found


@pytest.mark.parametrize("kind", ["int64", "sasrec"])
def test_inputs_and_outputs(files, kind):
    runner = Interpreter(model_path=str(files[kind] / "model.tflite")).get_signature_runner()
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    assert {name: i["dtype"] for name, i in inputs.items()} == {"movie_ids": np.int32}
    assert inputs["movie_ids"]["shape_signature"].tolist() == [-1]
    types = {name: output["dtype"] for name, output in outputs.items()}
    assert types == {"movie_ids": np.int32, "scores": np.float32}


def test_the_weights_are_in_the_file(files, random_run):
    size = (files["int64"] / "model.tflite").stat().st_size
    # Item table and kernel and recurrent kernel of the GRU, in float32.
    assert size > 4 * (13 * 13 + 2 * 13 * 39)
    sasrec = (files["sasrec"] / "model.tflite").read_bytes()
    assert np.asarray(random_run.encoder.item_table()).tobytes() in sasrec


@pytest.mark.parametrize(
    "history, ids, scores",
    [
        ([], [99, 22, 44, 132], [0.25, 0.2, 0.2, 0.125]),
        ([-7, 0, 12, 2**31 - 1, -(2**31)], [99, 22, 44, 132], [0.25, 0.2, 0.2, 0.125]),
        ([88], [99, 11, 22, 33], [100, -1, -2, -3]),
        ([0, 22, 12, 88, -7], [99, 11, 33, 44], [100, -1, -3, -4]),
        ([11, 22, 33], [44, 55, 66, 77], [100, -5, -5, -7]),
        ([11, 22, 110, 121, 77], [88, 33, 44, 55], [100, -3, -4, -5]),
        ([88] * 50, [99, 11, 22, 33], [100, -1, -2, -3]),
        ([11 * row for row in range(1, 11)], [121, 132, 0, 0], [100, -12, LOWEST, LOWEST]),
        ([11 * row for row in range(1, 13)] * 20, [0, 0, 0, 0], [LOWEST] * 4),
    ],
    ids=["empty", "unknown", "one", "mixed", "window", "longer", "repeated", "few_left", "240"],
)
def test_policies(files, history, ids, scores):
    answer = lite_answers(files["int64"])([history])
    assert answer == [(ids, np.float32(scores).tolist())]


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_the_saved_model_answers_the_same(files, saved, kind):
    generator = np.random.default_rng(0)
    raw = [saved[kind].raw(row) for row in range(13)]
    lengths = [0, 1, 2, 3, 4, 7, 30, *generator.integers(0, 9, 20)]
    histories = [[raw[row] for row in generator.integers(0, 13, length)] for length in lengths]
    assert lite_answers(files[kind])(histories) == saved[kind].forms["recommend"](histories)


def test_an_untrained_transformer_answers_as_its_saved_model(files, models):
    generator = np.random.default_rng(1)
    lengths = [0, 1, 2, 3, 4, 7, 30, *generator.integers(0, 9, 20)]
    histories = [(11 * generator.integers(0, 13, length)).tolist() for length in lengths]
    model = tf.saved_model.load(str(models / "seqrec/1"))
    expected = model.recommend(tf.ragged.constant(histories, dtype=tf.int64))
    for number, (ids, scores) in enumerate(lite_answers(files["sasrec"])(histories)):
        np.testing.assert_allclose(scores, expected["scores"][number], rtol=1e-4, atol=1e-5)
        assert ids == expected["movie_ids"][number].numpy().tolist()


@pytest.mark.parametrize("kind, first", [("string", "item-i"), ("wide", 2**40 + 9)])
def test_a_file_that_speaks_rows_is_mapped_by_its_sidecar(files, kind, first):
    sidecar = json.loads((files[kind] / "model.json").read_text())
    assert sidecar["speaks"] == "rows"
    ids = sidecar["items"]["ids"]
    assert (len(ids), ids[8]) == (12, first)
    name = sidecar["id_name"]
    runner = Interpreter(model_path=str(files[kind] / "model.tflite")).get_signature_runner()
    assert runner(**{name: np.array([8], np.int32)})[name].tolist()[:4] == [9, 1, 2, 3]
    # Through the map: an id the sidecar does not know is skipped.
    stranger = "item-zz" if kind == "string" else 8
    assert lite_answers(files[kind])([[ids[7], stranger]])[0][0][:2] == [first, ids[0]]


def test_k_of_the_whole_catalogue(files):
    ids, scores = lite_answers(files["wide"])([[2**40 + 8]])[0]
    rows = [9, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12]
    assert ids == [*(2**40 + row for row in rows), 0]
    assert scores == [100, -1, -2, -3, -4, -5, -5, -7, -10, -11, -12, LOWEST]


def test_the_sidecar_describes_the_file(files):
    sidecar = json.loads((files["int64"] / "model.json").read_text())
    assert sidecar["items"]["titles"][7] == "Title é 8"
    assert sidecar.pop("items")["ids"] == [11 * row for row in range(1, 13)]
    report = sidecar.pop("report")
    assert (report["bytes"], report["parity"]) == (sidecar["bytes"], None)
    assert sidecar == {
        "id_name": "movie_ids",
        "speaks": "ids",
        "signature": {
            "inputs": {"movie_ids": "int32 [length]"},
            "outputs": {"movie_ids": "int32 [4]", "scores": "float32 [4]"},
        },
        "quantization": "none",
        "repeats": False,
        "bytes": (files["int64"] / "model.tflite").stat().st_size,
        "window": 3,
    }


@pytest.mark.parametrize(
    "ids, rows",
    [
        (np.array([1, 2**31 - 1]), False),
        (np.array([1, 2**31]), True),
        (np.array(["1", "2"], object), True),
    ],
)
def test_rows_are_spoken_where_ids_do_not_fit_an_int32(ids, rows):
    assert speaks_rows(catalogue(ids)) == rows


@settings(max_examples=40, deadline=None)
@given(
    ids=st.sets(st.integers(1, 40) | st.integers(1, 2**31 - 1), min_size=1, max_size=20),
    others=st.lists(INT32, max_size=10),
)
def test_look_up_finds_every_id_and_nothing_else(ids, others):
    ids = sorted(ids)
    encoder = SimpleNamespace(tensorflow_variables=[])  # the look-up reads the catalogue only
    module = LiteRecommender(encoder, catalogue(np.array(ids)), 1, "movie_ids")
    neighbours = [max(raw - 1, 0) for raw in ids] + [min(raw + 1, 2**31 - 1) for raw in ids]
    history = [*ids, *neighbours, *others, 0, -1, -(2**31), 2**31 - 1]
    expected = [ids.index(raw) + 1 if raw in ids else 0 for raw in history]
    assert module._look_up(tf.constant(history, tf.int32)).numpy().tolist() == expected


@pytest.mark.parametrize("size", range(1, 21))
def test_look_up_in_catalogues_of_every_small_size(size):
    ids = 3 * np.arange(1, size + 1)
    encoder = SimpleNamespace(tensorflow_variables=[])
    module = LiteRecommender(encoder, catalogue(ids), 1, "movie_ids")
    history = list(range(-4, 3 * size + 9))
    expected = [raw // 3 if raw % 3 == 0 and 0 < raw <= 3 * size else 0 for raw in history]
    assert module._look_up(tf.constant(history, tf.int32)).numpy().tolist() == expected
