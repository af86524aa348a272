"""Read MovieLens in each of the layouts GroupLens has published.

Rows keep the order of the file: ties in time are common, and published splits break them by that
order. `ratings.dat` of ml-1m (1,000,209 rows) is read in about 0.3 s on one core: pandas' C parser
takes `::` as `:` with an empty column between two values, which a two-character separator would
send to its slow Python parser. Only when that fails are the lines read one by one, to name the one
that is wrong.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seqrec_tf.data.download import ARCHIVES, fetch_archive
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.data.quotes import quoting
from seqrec_tf.errors import InputError

INTEGER, NUMBER = r"\d+", r"\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Layout:
    """How GroupLens wrote a generation of archives.

    Attributes:
        ratings: file with a user, an item, a rating and a time a row.
        movies: file with an id and a title first in each row.
        separator: between the values of a row of `ratings`.
        movies_separator: the same of `movies`; "," means CSV with quotes.
        encoding: of `movies`.
        header: whether both files begin with a line of column names.
    """

    ratings: str
    movies: str
    separator: str
    movies_separator: str
    encoding: str
    header: bool = False


DAT = Layout("ratings.dat", "movies.dat", "::", "::", "utf-8")
CSV = Layout("ratings.csv", "movies.csv", ",", ",", "utf-8-sig", header=True)
LAYOUTS = {
    "ml-100k": Layout("u.data", "u.item", "\t", "|", "latin-1"),
    "ml-1m": Layout("ratings.dat", "movies.dat", "::", "::", "latin-1"),
    "ml-10m": DAT,
    "ml-20m": CSV,
    "ml-25m": CSV,
    "ml-32m": CSV,
    "ml-latest-small": CSV,
}
RATINGS_HEADER = ("userId", "movieId", "rating", "timestamp")
# What the flags at the end of a row of u.item stand for (u.genre has their names).
FLAGGED_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western"),
)


def load_movielens(
    dataset: str, data_dir: str | Path | None = None, cache_dir: str | Path | None = None
) -> Interactions:
    """Read one of the MovieLens datasets.

    Args:
        dataset: a key of `LAYOUTS`.
        data_dir: folder with GroupLens' own files, or with the folder of the archive in it; None
            downloads the archive.
        cache_dir: where downloads are kept, see `fetch_archive`.

    Returns:
        All ratings in the order of the file: user, item and time int64 (unix seconds), rating
        float32; titles and genres of all movies, rated or not.

    Raises:
        InputError: a missing, empty or unparsable file (with its line), or a failed download.
    """
    layout = LAYOUTS[dataset]
    if data_dir is None:
        folder = fetch_archive(dataset, cache_dir)
    else:
        folder = _find_folder(dataset, Path(data_dir))
    table = _read_ratings(folder / layout.ratings, layout)
    movies = _read_movies(folder / layout.movies, layout)
    return Interactions(table, movies["title"], "movie_ids", dataset, movies["genres"])


def _find_folder(dataset: str, data_dir: Path) -> Path:
    """`data_dir`, or the archive's folder in it: whichever holds both files."""
    layout = LAYOUTS[dataset]
    folders = (data_dir, data_dir / ARCHIVES[dataset].folder, data_dir / dataset)
    for folder in folders:
        if (folder / layout.ratings).is_file() and (folder / layout.movies).is_file():
            return folder
    present = "a folder without them" if data_dir.is_dir() else "no such folder"
    raise InputError(
        f"--data-dir {data_dir}: expected {layout.ratings} and {layout.movies} of {dataset}, in "
        f"it or in its folder {ARCHIVES[dataset].folder}. Received: {present}."
    )


def _read_ratings(path: Path, layout: Layout) -> pd.DataFrame:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: expected ratings. Received: an empty file.")
    if layout.header:
        _check_header(path)
    # The empty columns are read too: with usecols, pandas lets rows with too many values pass.
    step = len(layout.separator)
    width = (len(RATINGS_HEADER) - 1) * step + 1
    kinds = ("int64", "int64", "float32", "int64")
    try:
        frame = pd.read_csv(
            path,
            sep=layout.separator[0],
            header=None,
            skiprows=int(layout.header),
            dtype={column * step: kind for column, kind in enumerate(kinds)},
            quoting=csv.QUOTE_NONE,
            engine="c",
        )
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: expected ratings. Received: no row of them.") from None
    except ValueError as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise _unparsable(path, layout, str(error)) from error
    if frame.shape[1] != width:
        raise _unparsable(path, layout, f"{frame.shape[1]} columns")
    between = frame.drop(columns=range(0, width, step))
    table = frame[range(0, width, step)].set_axis(["user", "item", "rating", "time"], axis=1)
    if between.notna().any(axis=None) or table["rating"].isna().any() or table["item"].min() < 1:
        raise _unparsable(path, layout, "a value of the wrong kind")
    return table[["user", "item", "time", "rating"]]


def _check_header(path: Path) -> None:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        header = lines.readline().strip()
    if header != ",".join(RATINGS_HEADER):
        raise InputError(
            f"{path}, line 1: expected {','.join(RATINGS_HEADER)}. Received: {header[:80]!r}."
        )


def _unparsable(path: Path, layout: Layout, reason: str) -> InputError:
    """The error for the first line that is not a rating."""
    separator = re.escape(layout.separator)
    row = re.compile(separator.join((INTEGER, r"0*[1-9]\d*", NUMBER, INTEGER)))
    expected = layout.separator.join(RATINGS_HEADER).replace("\t", " TAB ")
    with path.open(encoding="latin-1", newline="") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            if text.strip() and not row.fullmatch(text) and not (layout.header and number == 1):
                return InputError(
                    f"{path}, line {number}: expected {expected}, ids from 1 on. "
                    f"Received: {text[:80]!r}."
                )
    return InputError(f"{path}: expected {expected} in each line. Received: {reason}.")


def _read_movies(path: Path, layout: Layout) -> pd.DataFrame:
    movies = {}
    try:
        for number, fields in _movie_rows(path, layout):
            if len(fields) < 3 or not re.fullmatch(INTEGER, fields[0]):
                raise InputError(
                    f"{path}, line {number}: expected a movie id, {layout.movies_separator!r} and "
                    f"a title. Received: {layout.movies_separator.join(fields)[:80]!r}."
                )
            movies[int(fields[0])] = (fields[1], _genres(fields[2:]))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected {layout.encoding} text. Received: {error}.") from error
    if not movies:
        raise InputError(f"{path}: expected movies. Received: no row of them.")
    index = pd.Index(list(movies), dtype="int64", name="item")
    return pd.DataFrame(list(movies.values()), index, ["title", "genres"])


def _genres(fields: list[str]) -> str:
    """Genres with `|` between them, from what follows the title."""
    if len(fields) > 1:  # u.item: dates, an address, and a flag a genre
        flags = fields[-len(FLAGGED_GENRES) :]
        return "|".join(g for g, flag in zip(FLAGGED_GENRES, flags, strict=False) if flag == "1")
    return "" if fields[0] == "(no genres listed)" else fields[0]


def _movie_rows(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Line number and values of each movie; blank lines are passed over."""
    if layout.movies_separator == ",":
        quoting(path, ",")  # refuses quotes in which rows would vanish
    with path.open(encoding=layout.encoding, newline="") as lines:
        if layout.movies_separator == ",":
            reader = csv.reader(lines)
            next(reader, None)
            yield from ((reader.line_num, fields) for fields in reader if fields)
            return
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line.rstrip("\r\n").split(layout.movies_separator)
