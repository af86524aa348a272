"""MovieLens in each of its layouts, small by hand and the real files."""

import numpy as np
import pytest

from seqrec_tf.data.movielens import LAYOUTS, load_movielens
from seqrec_tf.errors import InputError

RATINGS = {
    "ml-100k": "5\t20\t3\t900\n4\t10\t5\t800\n5\t10\t1\t900\n",
    "ml-1m": "5::20::3::900\n4::10::5::800\n5::10::1::900\n",
    "ml-10m": "5::20::3.5::900\n4::10::5::800\n5::10::0.5::900\n",
    "ml-20m": "userId,movieId,rating,timestamp\n5,20,3.5,900\n4,10,5.0,800\n5,10,0.5,900\n",
}
MOVIES = {
    "ml-100k": "10|Amélie (2001)|01-Jan-2001||url|0|1\n20|Heat: Part 2 (1999)|x||url|1|0\n",
    "ml-1m": "10::Amélie (2001)::Comedy\n20::Heat: Part 2 (1999)::Action\n",
    "ml-10m": "10::Amélie (2001)::Comedy\n20::Heat: Part 2 (1999)::Action\n",
    "ml-20m": 'movieId,title,genres\n10,Amélie (2001),Comedy\n20,"Heat, The ""2nd"" (1999)",A\n',
}


def _write(folder, dataset, ratings=None, movies=None):
    layout = LAYOUTS[dataset]
    folder.mkdir(parents=True, exist_ok=True)
    text = RATINGS[dataset] if ratings is None else ratings
    (folder / layout.ratings).write_bytes(text.encode("utf-8"))
    text = MOVIES[dataset] if movies is None else movies
    (folder / layout.movies).write_bytes(text.encode(layout.encoding))
    return folder


@pytest.mark.parametrize("dataset", RATINGS)
def test_each_layout_keeps_values_and_row_order(dataset, tmp_path):
    data = load_movielens(dataset, _write(tmp_path, dataset))
    assert list(data.table["user"]) == [5, 4, 5]
    assert list(data.table["item"]) == [20, 10, 10]
    assert list(data.table["time"]) == [900, 800, 900]
    half_stars = dataset in ("ml-10m", "ml-20m")
    assert list(data.table["rating"]) == ([3.5, 5.0, 0.5] if half_stars else [3, 5, 1])
    assert [str(kind) for kind in data.table.dtypes] == ["int64", "int64", "int64", "float32"]
    assert data.titles[10] == "Amélie (2001)"
    assert data.titles[20] == (
        'Heat, The "2nd" (1999)' if dataset == "ml-20m" else "Heat: Part 2 (1999)"
    )
    assert data.titles.index.dtype == np.int64
    assert (data.id_name, data.source) == ("movie_ids", dataset)


@pytest.mark.parametrize("dataset", ["ml-25m", "ml-32m", "ml-latest-small"])
def test_later_archives_have_the_csv_layout(dataset, tmp_path):
    folder = _write(tmp_path, dataset, RATINGS["ml-20m"], MOVIES["ml-20m"])
    assert len(load_movielens(dataset, folder).table) == 3


@pytest.mark.parametrize(
    ("dataset", "inner"), [("ml-1m", "ml-1m"), ("ml-10m", "ml-10M100K"), ("ml-10m", "ml-10m")]
)
def test_the_folder_of_the_archive_is_found_inside(dataset, inner, tmp_path):
    _write(tmp_path / inner, dataset)
    assert len(load_movielens(dataset, tmp_path).table) == 3


def test_windows_line_ends_and_blank_lines_are_fine(tmp_path):
    folder = _write(tmp_path, "ml-1m", RATINGS["ml-1m"].replace("\n", "\r\n") + "\r\n")
    assert len(load_movielens("ml-1m", folder).table) == 3
    folder = _write(tmp_path, "ml-20m", RATINGS["ml-20m"].replace("\n", "\r\n"))
    assert len(load_movielens("ml-20m", folder).table) == 3


@pytest.mark.parametrize(
    "line",
    [
        "5::20::3",  # too few
        "5::20::3::900::1",  # too many
        "5:20:3:900",  # one colon
        "5:1:20::3::900",  # something between the colons
        "five::20::3::900",
        "5::20.5::3::900",
        "5::20::::900",  # no rating
        "5::20::nan::900",
        "5::0::3::900",  # 0 is padding
        "5::-7::3::900",
        "5::20::3::",
        '"5::20::3::900',
        "caf\u00e9",
    ],
)
@pytest.mark.parametrize("position", [0, 2])
def test_a_bad_line_is_named(line, position, tmp_path):
    lines = RATINGS["ml-1m"].splitlines()
    lines.insert(position, line)
    folder = _write(tmp_path, "ml-1m", "\n".join(lines) + "\n")
    with pytest.raises(InputError) as caught:
        load_movielens("ml-1m", folder)
    message = str(caught.value)
    assert f"{folder}/ratings.dat, line {position + 1}: " in message
    assert "expected userId::movieId::rating::timestamp" in message
    assert line.isascii() is False or f"Received: {line!r}" in message


@pytest.mark.parametrize(
    ("dataset", "row", "number"), [("ml-100k", "5 20 3 900", 4), ("ml-20m", "5,20,3", 5)]
)
def test_a_bad_line_of_other_layouts(dataset, row, number, tmp_path):
    folder = _write(tmp_path, dataset, RATINGS[dataset] + row + "\n")
    with pytest.raises(InputError, match=f", line {number}: expected userId.*Received: '{row}'"):
        load_movielens(dataset, folder)


def test_a_wrong_header_is_named(tmp_path):
    folder = _write(tmp_path, "ml-20m", "user,movie,rating,time\n1,2,3,4\n")
    message = "ratings.csv, line 1: expected userId,movieId,rating,timestamp. Received: 'user,mov"
    with pytest.raises(InputError, match=message):
        load_movielens("ml-20m", folder)


@pytest.mark.parametrize(
    ("dataset", "ratings", "message"),
    [
        ("ml-1m", "", "ratings.dat: expected ratings. Received: an empty file"),
        ("ml-1m", "\n\n", "ratings.dat: expected ratings. Received: no row"),
        ("ml-20m", "userId,movieId,rating,timestamp\n", "ratings.csv: expected ratings.*no row"),
    ],
)
def test_empty_ratings(dataset, ratings, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_movielens(dataset, _write(tmp_path, dataset, ratings))


@pytest.mark.parametrize(
    ("dataset", "movies", "message"),
    [
        ("ml-1m", "10::Heat::Action\n20;Heat\n", "movies.dat, line 2: expected a movie id.*'20;H"),
        ("ml-100k", "x|Heat|1|2\n", "u.item, line 1: expected a movie id.*'x|Heat"),
        ("ml-20m", "movieId,title,genres\n", "movies.csv: expected movies. Received: no row"),
        (
            "ml-20m",
            'movieId,title,genres\n10,"Heat,A\n20,"Alien,B\n',
            "movies.csv, line 2 or later",
        ),
        ("ml-20m", 'movieId,title,genres\n10,"Heat,A\n20,Alien",B\n', "movies.csv, line 2: expect"),
        ("ml-1m", "", "movies.dat: expected movies. Received: no row"),
    ],
)
def test_bad_movies(dataset, movies, message, tmp_path):
    with pytest.raises(InputError, match=message.replace("|", r"\|")):
        load_movielens(dataset, _write(tmp_path, dataset, movies=movies))


def test_movies_in_another_encoding(tmp_path):
    folder = _write(tmp_path, "ml-10m")
    (folder / "movies.dat").write_bytes(MOVIES["ml-10m"].encode("latin-1"))
    with pytest.raises(InputError, match="movies.dat: expected utf-8 text"):
        load_movielens("ml-10m", folder)


def test_missing_folder_and_files(tmp_path):
    with pytest.raises(InputError, match="--data-dir .*nowhere: expected ratings.dat and movies"):
        load_movielens("ml-1m", tmp_path / "nowhere")
    with pytest.raises(InputError, match="u.data and u.item of ml-100k.*a folder without them"):
        load_movielens("ml-100k", tmp_path)


def test_real_ml_1m(real_data):
    data = load_movielens("ml-1m", real_data)
    table = data.table
    assert len(table) == 1_000_209
    assert table["user"].nunique() == 6_040 and table["item"].nunique() == 3_706
    assert table.iloc[0].to_list() == [1, 1193, 978300760, 5]
    assert len(data.titles) == 3_883
    assert data.titles[1193] == "One Flew Over the Cuckoo's Nest (1975)"
    assert data.categories[1] == "Animation|Children's|Comedy"
    assert data.titles[73] == "Misérables, Les (1995)"


def test_real_ml_100k(real_data):
    data = load_movielens("ml-100k", real_data)
    table = data.table
    assert len(table) == 100_000
    assert table["user"].nunique() == 943 and table["item"].nunique() == 1_682
    assert table.iloc[0].to_list() == [196, 242, 881250949, 3]
    assert len(data.titles) == 1_682
    assert data.titles[543] == "Misérables, Les (1995)"
    assert data.categories[1] == "Animation|Children's|Comedy"
