"""A log is known again in any format, and another log is told apart, with what changed."""

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from seqrec_tf.data.dataset import Dataset, load_dataset
from seqrec_tf.data.log_digest import ChangedLogError, LogDigest, changes
from seqrec_tf.errors import InputError
from seqrec_tf.runs.dataset import require_same_log
from seqrec_tf.settings.config import DataConfig

USERS, LENGTH, ITEMS = 8, 6, 12
COLUMNS = ["user_id", "item_id", "timestamp"]


def _rows(letters: bool = False) -> list[tuple]:
    """Walks along twelve items, a day a step; users 2 and 10 sort otherwise as texts."""
    name = (lambda item: f"i{item}") if letters else (lambda item: item)
    return [
        (user + 1, name((3 * user + step) % ITEMS + 1), 86_400 * (100 * user + step))
        for user in range(USERS)
        for step in range(LENGTH)
    ]


def _write(path: Path, rows: list[tuple]) -> Path:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    kind = path.name.split(".", 1)[1]
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in rows))
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return path


def _dataset(path: Path, rows: list[tuple], **config) -> Dataset:
    _write(path, rows)
    return load_dataset(DataConfig(interactions=str(path), **{"protocol": "P2", **config}))


def _shown(kept: Dataset, now: Dataset) -> str:
    """What `require_same_log` says of a change; "" if it finds none."""
    try:
        require_same_log(Path("runs/old"), kept.log, kept.catalogue.ids, now)
    except ChangedLogError as error:
        assert str(error).startswith("runs/old: expected the log that it was trained on; ")
        assert "--continue-from runs/old" in str(error) and "\n" not in str(error)
        return str(error)
    return ""


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> dict[bool, Dataset]:
    """The log of the training, with ids that are numbers and letters."""
    folder = tmp_path_factory.mktemp("kept")
    return {
        letters: _dataset(folder / f"{letters}.csv", _rows(letters)) for letters in (False, True)
    }


@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize("name", ["log.csv", "log.tsv", "log.jsonl", "log.parquet", "log.csv.gz"])
def test_formats_make_no_difference(kept, tmp_path, name, letters):
    found = _dataset(tmp_path / name, _rows(letters))
    assert found.log == kept[letters].log and not _shown(kept[letters], found)


def _dates(row: tuple) -> tuple:
    return (*row[:2], pd.Timestamp(row[2], unit="s").isoformat())


SAME = {
    "rows in another order": lambda rows: rows[::-1],
    "users one after the other": lambda rows: sorted(rows, key=lambda row: (row[2], row[0])),
    "dates": lambda rows: [_dates(row) for row in rows],
    "milliseconds": lambda rows: [(*row[:2], 1000 * row[2]) for row in rows],
    "a row twice": lambda rows: rows[:1] + rows,
    "ids as text": lambda rows: [(str(row[0]), str(row[1]), row[2]) for row in rows],
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_makes_no_other_histories_makes_no_other_log(kept, tmp_path, change):
    assert not _shown(kept[False], _dataset(tmp_path / "log.csv", change(_rows())))


def test_columns_titles_and_filters_that_drop_nothing_make_no_other_log(kept, tmp_path):
    table = pd.DataFrame(_rows(), columns=["who", "what", "when"]).assign(name="A title", stars=5)
    table.to_csv(tmp_path / "log.csv", index=False)
    names = {"user_column": "who", "item_column": "what", "time_column": "when"}
    titles = {"titles": str(tmp_path / "log.csv"), "title_column": "name"}
    filters = {"min_user_count": 1, "min_item_count": 0, "rating_column": "stars"}
    config = DataConfig(
        interactions=str(tmp_path / "log.csv"), protocol="P2", **names, **titles, **filters
    )
    found = load_dataset(config)
    assert found.catalogue.titles[0] == "A title" and not _shown(kept[False], found)


def _replaced(rows: list[tuple], number: int, column: int, value) -> list[tuple]:
    row = list(rows[number])
    row[column] = value
    return [*rows[:number], tuple(row), *rows[number + 1 :]]


def _swapped(rows: list[tuple], one: int, other: int) -> list[tuple]:
    """The items of two rows change places."""
    items = rows[one][1], rows[other][1]
    return _replaced(_replaced(rows, one, 1, items[1]), other, 1, items[0])


DAY = 86_400
OTHERS = {
    "each user's two newest rows are new": (
        lambda rows: rows + [(u + 1, (3 * u + 6 + s) % 12 + 1, DAY * 100 * (u + 1) - 9 + s)
                             for u in range(USERS) for s in range(2)],
        "16 interactions more, the last time is",
    ),
    "a row less": (lambda rows: rows[1:], "1 interactions fewer"),
    "a user less": (lambda rows: rows[LENGTH:], "6 interactions fewer, 1 users fewer"),
    "a new item": (
        lambda rows: [*rows, (1, 99, 9)], "1 interactions more, 1 items more, item ids differ "
        "(first new: 99)",
    ),
    "one item id replaced": (
        lambda rows: [(u, 77 if i == 7 else i, t) for u, i, t in rows],
        "item ids differ (first new: 77, first gone: 7)",
    ),
    "one user id replaced": (
        lambda rows: [(77 if u == 7 else u, i, t) for u, i, t in rows], "user ids differ",
    ),
    "one item seen instead of another": (lambda rows: _replaced(rows, 0, 1, 9), "other items"),
    "items of two users exchanged": (lambda rows: _swapped(rows, 0, 8), "users have other items"),
    "items of one user exchanged": (
        lambda rows: _swapped(rows, 1, 2), "the order of interactions differs",
    ),
    "ids of all items shifted by one": (
        lambda rows: [(u, i + 1, t) for u, i, t in rows],
        "item ids differ (first new: 13, first gone: 1)",
    ),
    "later times, another order": (
        lambda rows: _replaced(rows, 0, 2, DAY * 50), "the order of interactions differs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize(("change", "said"), OTHERS.values(), ids=OTHERS)
def test_another_log_is_refused_and_the_line_says_what_changed(
    kept, tmp_path, change, said, letters
):
    rows = [(u, f"i{i}" if letters else i, t) for u, i, t in change(_rows())]
    shown = _shown(kept[letters], _dataset(tmp_path / "log.csv", rows))
    if letters:  # sorted as texts, which are the first differs
        said = said.split(" (first")[0]
    assert f"Received: {tmp_path}/log.csv, " in shown and said in shown


def test_ties_in_another_order_are_another_log(tmp_path):
    rows = [(u, i, 0) for u, i, _ in _rows()]
    kept = _dataset(tmp_path / "log.csv", rows)
    assert "the order of interactions differs" in _shown(
        kept, _dataset(tmp_path / "log.csv", rows[::-1])
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"protocol": "P2"}, {"protocol": "P1", "min_item_count": 1}, "protocol P2 -> P1 .min_it"),
        ({"protocol": "P2"}, {"protocol": "PT"}, "split differs: protocol P2 -> PT"),
        ({"protocol": "P2"}, {"min_user_count": 2}, "protocol P2 -> P2 .min_user_count=2"),
        (
            {"protocol": "PT"},
            {"protocol": "PT", "validation_from": 86_400.0 * 703},
            "cuts at .* -> ",
        ),
    ],
    ids=["P1", "PT", "filter", "cut"],
)
def test_another_split_of_the_same_log_is_refused(tmp_path, before, after, said):
    # Under PT the first and the last users must have something on both sides of a cut.
    rows = [(u, i, t % (DAY * 100) + DAY * 700) for u, i, t in _rows()]
    kept = _dataset(tmp_path / "log.csv", rows, **before)
    now = _dataset(tmp_path / "log.csv", rows, **after)
    said_now = changes(kept.log, now.log)
    assert said_now.startswith("split differs")
    assert re.search(said, said_now)


def test_an_old_run_is_compared_by_its_catalogue_and_says_so(kept, capsys):
    require_same_log(Path("old"), None, kept[False].catalogue.ids, kept[False])
    assert capsys.readouterr().err == (
        f"warning: old: trained before runs kept a digest of their log; whether "
        f"{kept[False].source} is that log is seen by its item ids only\n"
    )
    with pytest.raises(ChangedLogError, match="old/items.csv: expected the catalogue of the data"):
        require_same_log(Path("old"), None, kept[True].catalogue.ids, kept[False])


def test_the_digest_is_read_back_and_with_care(kept):
    log = kept[False].log
    assert LogDigest.from_dict(json.loads(json.dumps(log.as_dict())), "it") == log
    assert (log.interactions, log.users, log.items) == (48, 8, 12)
    assert (log.first_time, log.last_time) == (0, 86_400 * 705)
    with pytest.raises(
        InputError, match="runs/x: expected the digest of a log, with .* Received: user."
    ):
        LogDigest.from_dict({"user": 3}, "runs/x")
    assert not changes(log, dataclasses.replace(log, last_time=1.0))
