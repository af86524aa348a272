"""What a server sees of a SavedModel: signatures, their errors, and nothing left behind."""

import json

import numpy as np
import pytest
import tensorflow as tf
from helpers.processes import printed

from export.graph.signatures import Forms, signatures
from export.proof.contract import found, promised, read_graph
from export.proof.runner import serialize

K = 4


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_signatures_are_those_promised(saved, kind):
    id_name = {"int64": "movie_ids", "string": "item_ids"}[kind]
    assert found(read_graph(saved[kind].folder)) == promised(id_name, kind, K, dim=13)


def test_what_is_promised_is_what_the_readme_says():
    def answer(k: int) -> dict:
        ids, titles, scores = ("int64", [-1, k]), ("string", [-1, k]), ("float32", [-1, k])
        return {"movie_ids": ids, "titles": titles, "scores": scores}

    contract = promised("movie_ids", "int64", K, dim=13)
    histories = {"movie_ids": ("int64", [-1, -1])}
    options = {"k": ("int32", []), "exclude_ids": ("int64", [-1]), "filter_seen": ("bool", [])}
    assert contract["serving_default"] == (histories, answer(K))
    assert contract["recommend"] == ({**histories, **options}, answer(-1))


def test_another_id_name_renames_inputs_outputs_and_the_feature(build):
    recommender = build.recommender(
        build.successor_encoder(), build.catalogue("int64"), K, "track_ids"
    )
    signature = signatures(recommender)["serving_default"]
    assert list(signature.structured_input_signature[0][0:1])[0].name == "track_ids"
    assert set(signature.structured_outputs) == {"track_ids", "titles", "scores"}
    answer = Forms(recommender).examples(tf.constant([serialize([88], "track_ids")]))
    assert answer["classes"].numpy().tolist() == [[b"99", b"11", b"22", b"33"]]


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_titles_stand_beside_their_ids_and_fillers_have_none(saved, kind):
    exported = saved[kind]
    history = [exported.raw(row) for row in range(1, 11)]
    answer = exported.model.signatures["serving_default"](
        **{exported.id_name: tf.constant([history], exported.dtype)}
    )
    titles = [title.decode() for title in answer["titles"].numpy()[0]]
    assert titles == ["Title é 11", "Title é 12", "", ""]
    filler = 0 if kind == "int64" else b""
    assert answer[exported.id_name].numpy()[0].tolist()[2:] == [filler, filler]
    assert np.isfinite(answer["scores"].numpy()).all()


@pytest.mark.parametrize("k", [1, 12])
def test_k_from_one_to_the_whole_catalogue(build, k):
    recommender = build.recommender(
        build.successor_encoder(), build.catalogue("int64"), k, "movie_ids"
    )
    answer = recommender.recommend(tf.ragged.constant([[88], []], dtype=tf.int64))
    # All but 8, its successor first; then, of nothing known, by popularity.
    expected = [
        [99, 11, 22, 33, 44, 55, 66, 77, 110, 121, 132, 0],
        [99, 22, 44, 132, 11, 77, 110, 121, 33, 55, 66, 88],
    ]
    assert answer["movie_ids"].numpy().tolist() == [row[:k] for row in expected]


@pytest.mark.parametrize(
    "text",
    [
        "22 88",
        "22,88",
        " 22 , 88 ",
        ",,22,,88,,",
        "\t22\n88\r\n",
        "22 88 cheese",
        "22 1.5 88",
        "22 1e3 0x10 88 --88 8 8",
        "22 99999999999999999999999999 88",
        "22 9223372036854775808 88",
        "-9223372036854775809 22 88",
        "+22 0088",
        "22 0000000000000000000000000000088",
        b"22 \xff 88",
    ],
)
def test_text_takes_spaces_and_commas_and_skips_what_is_no_number(saved, text):
    answer = saved["int64"].model.signatures["text"](history=tf.constant([text]))
    assert answer["movie_ids"].numpy().tolist() == [[99, 11, 33, 44]]


@pytest.mark.parametrize("text", ["0022 item-h", ",0022,\n\titem-h ,", "0022 22 ☃ item-h"])
def test_text_of_string_ids(saved, text):
    answer = saved["string"].model.signatures["text"](history=tf.constant([text]))
    assert answer["item_ids"].numpy()[0].tolist() == [b"item-i", b"0011", b"0033", b"item-d"]


def test_text_has_an_id_a_line_where_ids_hold_spaces_or_commas(build):
    catalogue = build.catalogue("string")
    catalogue.ids[:] = [f"No. {chr(96 + row)}, or so" for row in range(1, 13)]
    recommender = build.recommender(build.successor_encoder(), catalogue, 1, "item_ids")
    lines = ["No. b, or so\nNo. h, or so", "No. h, or so\n", "\nNo. h, or so\nNo.", ""]
    answer = Forms(recommender).text(tf.constant(lines))
    successor, popular = b"No. i, or so", b"No. i, or so"
    assert answer["item_ids"].numpy()[:, 0].tolist() == [successor] * 3 + [popular]


def test_text_reads_every_int64(build):
    catalogue = build.catalogue("int64")
    largest = 2**63 - 1
    catalogue.ids[-4:] = [10**18, 8 * 10**18 + 5, largest - 8, largest]
    recommender = build.recommender(build.successor_encoder(), catalogue, 1, "movie_ids")
    texts = [str(raw) for raw in catalogue.ids[:-1]]
    answer = Forms(recommender).text(tf.constant(texts))
    assert answer["movie_ids"].numpy()[:, 0].tolist() == catalogue.ids[1:].tolist()


def test_an_example_without_the_feature_is_an_empty_history(saved):
    other = tf.train.Feature(int64_list=tf.train.Int64List(value=[88]))
    strange = tf.train.Example(features=tf.train.Features(feature={"other": other}))
    inputs = [b"", strange.SerializeToString(), serialize([88], "movie_ids")]
    answer = saved["int64"].model.signatures["examples"](inputs=tf.constant(inputs))
    popular = [b"99", b"22", b"44", b"132"]
    assert answer["classes"].numpy().tolist() == [popular, popular, [b"99", b"11", b"22", b"33"]]


def test_classes_of_fillers_are_empty_texts(saved):
    inputs = tf.constant([serialize([11 * row for row in range(1, 11)], "movie_ids")])
    answer = saved["int64"].model.signatures["examples"](inputs=inputs)
    assert answer["classes"].numpy().tolist() == [[b"121", b"132", b"", b""]]


@pytest.mark.parametrize("splits", [[], [0], [1, 2], [0, 1], [0, 3], [0, 2, 1, 2], [0, -1, 2]])
def test_row_splits_that_do_not_fit_are_refused(saved, splits):
    ask = saved["int64"].model.signatures["ragged"]
    with pytest.raises(tf.errors.InvalidArgumentError):
        ask(movie_ids=tf.constant([22, 88], tf.int64), row_splits=tf.constant(splits, tf.int64))


def test_a_batch_of_no_rows_has_an_answer_of_no_rows(saved):
    signatures = saved["int64"].model.signatures
    nothing = tf.zeros([0], tf.int64)
    for answer in (
        signatures["serving_default"](movie_ids=tf.zeros([0, 5], tf.int64)),
        signatures["ragged"](movie_ids=nothing, row_splits=tf.zeros([1], tf.int64)),
        signatures["text"](history=tf.constant([], tf.string)),
        signatures["examples"](inputs=tf.constant([], tf.string)),
    ):
        assert [tensor.shape for tensor in answer.values()] == [(0, K)] * len(answer)


def test_the_restored_object_takes_a_ragged_tensor(saved):
    histories = tf.ragged.constant([[22, 88], [], [99]], dtype=tf.int64)
    answer = saved["int64"].model.recommend(histories)
    assert answer["movie_ids"].numpy()[:, 0].tolist() == [99, 99, 110]


def test_only_the_window_is_read_but_all_of_the_history_is_left_out(models):
    model = tf.saved_model.load(str(models / "seqrec/1"))
    whole = model.recommend(tf.ragged.constant([[11, 22, 99, 33, 88]], dtype=tf.int64))
    recent = model.recommend(tf.ragged.constant([[99, 33, 88]], dtype=tf.int64))
    scores = [
        dict(zip(a["movie_ids"].numpy()[0], a["scores"].numpy()[0], strict=True))
        for a in (whole, recent)
    ]
    assert not {11, 22, 99, 33, 88} & set(scores[0])
    common = set(scores[0]) & set(scores[1])
    assert len(common) >= K - 2  # at most 11 and 22 made room
    assert [scores[0][raw] for raw in common] == pytest.approx([scores[1][raw] for raw in common])


def test_a_process_that_never_saw_the_model_answers_as_it_does(models, random_run, build):
    code = """
import json, sys, tensorflow as tf
ask = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
answer = ask(movie_ids=tf.constant(json.loads(sys.argv[2]), tf.int64))
print(json.dumps([answer["movie_ids"].numpy().tolist(), answer["scores"].numpy().tolist()]))
"""
    histories = [[0, 0, 22, 88], [11, 132, 33, 44], [0, 0, 0, 0], [5, 0, 66, 0]]
    ids, scores = json.loads(printed(code, models / "seqrec/1", json.dumps(histories)))
    here = build.recommender(random_run.encoder, random_run.catalogue, K, "movie_ids")
    expected = here.recommend(tf.RaggedTensor.from_tensor(tf.constant(histories, tf.int64)))
    assert ids == expected["movie_ids"].numpy().tolist()
    np.testing.assert_allclose(scores, expected["scores"], rtol=1e-5, atol=1e-7)
