"""What is said on stderr of data without an error in it, and that it is said only then."""

import pytest
from helpers.small_logs import load_log, write_csv, write_log

from seqrec_tf.data.dataset import load_dataset
from seqrec_tf.settings.config import DataConfig


@pytest.mark.parametrize(
    "strange",
    [
        "nan",
        "NULL",
        " 20",
        "007",
        "0",
        "20.0",
        "-3",
        "+5",
        "1e3",
        "1\xa0",
        str(2**63),
        "x\u2028y",
        "١",
    ],
)
def test_ids_that_a_few_make_texts(strange, tmp_path, capsys):
    rows = [f"{row},{row},1" for row in range(1, 6)]
    path = write_csv(tmp_path, *rows[:4], f'1,"{strange}",2', f'2,"{strange}",3', rows[4])
    assert load_log(path).table["item"].tolist()[4] == strange
    assert capsys.readouterr().err == (
        f"warning: {path}, column 'item_id': 1 of 6 ids are no plain positive integers below 2^63, "
        f"so all are texts; the first: {strange!r}, line 6.\n"
    )


def test_users_that_one_makes_texts(tmp_path, capsys):
    path = write_csv(tmp_path, "1,1,1", "-2,1,2", "nan,2,3")
    load_log(path)
    assert capsys.readouterr().err == (
        f"warning: {path}, column 'user_id': 1 of 3 ids are no plain integers below 2^63, so "
        "all are texts; the first: 'nan', line 4.\n"
    )


@pytest.mark.parametrize("pattern", [" {}", "{}.0", "{} ", "+{}"])
def test_numbers_all_written_strangely(pattern, tmp_path, capsys):
    rows = [f"u,{pattern.format(number)},1" for number in range(1, 4)]
    load_log(write_csv(tmp_path, *rows))
    assert "column 'item_id': 3 of 3 ids are no plain positive integers" in capsys.readouterr().err


@pytest.mark.parametrize(
    "items",
    [["1", "2"], ["a", "b", "nan"], ["a1", "b2", "3"], ["001", "002", "010"], ["t\xa0", "tt01"]],
)
def test_nothing_is_said_of_integers_and_of_texts(items, tmp_path, capsys):
    load_log(write_csv(tmp_path, *[f"u,{item},1" for item in items]))
    assert capsys.readouterr().err == ""


def test_nothing_is_said_of_texts_that_were_asked_for(tmp_path, capsys):
    load_log(write_csv(tmp_path, "u,1,1", "u,2,2", "u,nan,3"), id_type="string")
    assert capsys.readouterr().err == ""


def dataset(tmp_path, titles: str, **options) -> None:
    """Read a log of the items 1 to 4 with titles."""
    rows = [f"{user},{item},{item}" for user in range(5) for item in range(1, 5)]
    files = {
        "interactions": write_csv(tmp_path, *rows),
        "titles": write_log(tmp_path, f"item_id,title,kind\n{titles}", "titles.csv"),
    }
    load_dataset(DataConfig(**files, **options))


@pytest.mark.parametrize(
    ("titles", "said"),
    [
        (
            "11,A,\n12,B,\n",
            "4 of 4 items, which are called by their ids; the first: 1; the first there: 11.",
        ),
        (
            "3,C,\n11,A,\n",
            "3 of 4 items, which are called by their ids; the first: 1; the first there: 3.",
        ),
        ("1,,\n2,,\n", "4 of 4 items, which are called by their ids; the first: 1."),
    ],
)
def test_titles_of_none_or_few_of_the_items(titles, said, tmp_path, capsys):
    dataset(tmp_path, titles)
    assert (
        capsys.readouterr().err == f"warning: --titles {tmp_path}/titles.csv: no title for {said}\n"
    )


@pytest.mark.parametrize("kinds", ["", "|", " | "])
def test_a_category_column_that_is_empty_everywhere(kinds, tmp_path, capsys):
    dataset(tmp_path, f"1,A,{kinds}\n2,B,\n9,C,War\n", category_column="kind")
    assert capsys.readouterr().err == (
        "warning: --category-column kind: no category for 4 of 4 items; the first: 1.\n"
    )


def test_nothing_is_said_where_most_have_a_title_and_some_a_category(tmp_path, capsys):
    dataset(tmp_path, "1,A,War\n2,B,\n3,C,\n77,D,\n78,E,\n79,F,\n", category_column="kind")
    assert capsys.readouterr().err == ""
