"""Allow- and deny-lists of items: never recommended in any form, still read in histories."""

import numpy as np
import pytest
import tensorflow as tf

from export.exporter import export_run
from export.item_lists import with_lists
from export.lite_runner import lite_answers
from export.options import ExportOptions
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
