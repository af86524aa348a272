"""Allow- and deny-lists of items: never recommended in any form, still read in histories."""

import csv
import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf

from export.exporter import export_run
from export.litert.runner import lite_answers
from export.options import ExportOptions
from export.sources.item_lists import with_lists
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError


def write(path, *ids):
    path.write_text("".join(f"{raw}\n" for raw in ids))
    return path


def test_the_lists_in_words(build, tmp_path):
    catalogue = build.catalogue("string")
    only = write(tmp_path / "only", "0011", "item-d", "", "  item-e ")
    assert np.flatnonzero(~with_lists(catalogue, only, None).withheld).tolist() == [0, 3, 4]
    exclude = write(tmp_path / "exclude", "item-d")
    assert np.flatnonzero(~with_lists(catalogue, only, exclude).withheld).tolist() == [0, 4]
    assert np.flatnonzero(with_lists(catalogue, None, exclude).withheld).tolist() == [3]
    assert with_lists(catalogue, None, None) is catalogue


def test_an_unknown_id_and_an_empty_choice_are_refused(build, tmp_path):
    catalogue = build.catalogue("int64")
    with pytest.raises(InputError, match="line 2: expected an id of the catalogue.*'12'"):
        with_lists(catalogue, write(tmp_path / "only", 11, 12), None)
    with pytest.raises(InputError, match="--only-items: expected an item.*none"):
        with_lists(catalogue, write(tmp_path / "only"), None)
    every = write(tmp_path / "every", *catalogue.ids)
    with pytest.raises(InputError, match="--exclude-items: expected an item"):
        with_lists(catalogue, None, every)


def test_a_list_that_cannot_be_read(build, tmp_path):
    catalogue = build.catalogue("int64")
    (tmp_path / "latin").write_bytes(b"11\n\n22 \xe9\n")
    for name, message in {
        "latin": "latin, line 3: expected UTF-8 text. Received: byte 0xe9.",
        "none": "none: expected a file of ids, one a line. Received: No such file or directory.",
        ".": "expected a file of ids, one a line. Received: Is a directory.",
    }.items():
        with pytest.raises(InputError) as caught:
            with_lists(catalogue, None, tmp_path / name)
        assert str(caught.value).startswith(f"--exclude-items: {tmp_path}")
        assert str(caught.value).endswith(message)


def test_a_byte_order_mark_is_no_part_of_an_id(build, tmp_path):
    (tmp_path / "only").write_bytes(b"\xef\xbb\xbf11\r\n22\r\n")
    listed = with_lists(build.catalogue("int64"), tmp_path / "only", None)
    assert np.flatnonzero(~listed.withheld).tolist() == [0, 1]


# Each is an id that white space, or what ends a line somewhere, sets apart from another one.
ODD = [
    *[
        " 20",
        "20",
        "20 ",
        "\t20",
        "t\xa0",
        "t",
        "p|q",
        "p",
        "q",
        "a\u2028b",
        "a",
        "b",
        "\ufeffx",
        "x",
    ],
    *["e\x0bf", "e\x0cf", "e\x85f", "e\x1cf", 'q"', '"q"', "c,d", "r\rs", "id", "\u200ff", "1\n2"],
]


@pytest.fixture
def odd(build):
    ids = np.array(sorted(ODD), object)
    return Catalogue(ids, ids, np.zeros(len(ids), np.int64), "item_ids")


def named(catalogue, path, text: str) -> list[str]:
    path.write_bytes(text.encode())
    return catalogue.ids[~with_lists(catalogue, path, None).withheld].tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("raw", [raw for raw in ODD if raw != "id" and "\n" not in raw])
def test_every_id_can_be_named_on_a_line_and_names_no_other(raw, end, odd, tmp_path):
    assert named(odd, tmp_path / "only", f"t{end}{raw}{end}") == sorted({"t", raw})


@pytest.mark.parametrize("header", ["", "id\n"])
def test_a_giant_id_is_named(header, odd, tmp_path):
    giant = "z" * 200_000
    catalogue = dataclasses.replace(odd, ids=np.append(odd.ids[:-1], giant))
    assert named(catalogue, tmp_path / "only", f"{header}{giant}\n") == [giant]


@pytest.mark.parametrize("header", ["id", "title,id", '"id",b', "\ufeffid"])
def test_a_file_with_a_column_id_is_csv(header, odd, tmp_path):
    names = header.strip("\ufeff").replace('"', "").split(",")
    text = io.StringIO()
    rows = csv.DictWriter(text, names, restval="x,\n", quoting=csv.QUOTE_ALL)
    rows.writerows({"id": raw} for raw in ODD)
    assert named(odd, tmp_path / "only", f"{header}\r\n{text.getvalue()}") == sorted(ODD)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" t\n", "line 1: expected an id of the catalogue. Received: ' t'"),
        ("t\n20\xa0\n", "line 2: expected an id of the catalogue. Received: '20\\\\xa0'"),
        ("id,n\n20,1\n t,1\n", "line 3: expected an id of the catalogue. Received: ' t'"),
        ("id,n\nt\n", "line 2: expected 2 values as in the header. Received: 1"),
        ('id\n"t\n', "line 2: expected CSV with every quote closed. Received: unexp"),
        ("id\n", "expected an item that may be recommended. Received: none"),
    ],
)
def test_what_names_no_item_is_refused(text, said, odd, tmp_path):
    with pytest.raises(InputError, match=said):
        named(odd, tmp_path / "only", text)


@pytest.mark.parametrize("text", ["", "\n \n", "id\n"])
def test_an_empty_list_of_exclusions_is_said(text, odd, tmp_path, capsys):
    (tmp_path / "none").write_text(text)
    assert not with_lists(odd, None, tmp_path / "none").withheld.any()
    said = f"warning: --exclude-items {tmp_path}/none: 0 of {len(ODD)} items are in it.\n"
    assert capsys.readouterr().err == said


def test_withheld_items_come_up_nowhere_but_count_in_histories(build, tmp_path):
    run = build.run(tmp_path / "run", build.successor_encoder(), build.catalogue("int64"))
    only = write(tmp_path / "only", 11, 22, 33, 99, 110)  # rows 1, 2, 3, 9, 10
    exclude = write(tmp_path / "exclude", 99)
    options = ExportOptions(
        ("tflite", "savedmodel"), tmp_path / "models", k=4,
        only_items=only, exclude_items=exclude,
    )  # fmt: skip
    lite, saved = export_run(run, options)
    model = tf.saved_model.load(str(saved))
    answer = model.recommend(tf.ragged.constant([[22, 88], [99], []], dtype=tf.int64))
    # Row 8's successor 9 is excluded, row 9's is 10; by popularity 2 comes before 1, 10 and 3.
    expected = [[11, 33, 110, 0], [110, 11, 22, 33], [22, 11, 110, 33]]
    assert answer["movie_ids"].numpy().tolist() == expected
    near = model.signatures["similar"](movie_ids=tf.constant([99], tf.int64))
    assert set(near["movie_ids"].numpy()[0].tolist()) == {11, 22, 33, 110}
    assert [ids for ids, _ in lite_answers(lite)([[22, 88], [99], []])] == expected
