"""Times that a float64 cannot tell apart keep their order, in training as in batch scoring."""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers.small_logs import load_log, refused, write_csv, write_log
from pyarrow import parquet

from export.batch import histories
from export.batch.histories import Histories, Source, write_histories
from seqrec_tf.data.filters import prepare

DAY = 1_704_067_200  # 2024-01-01


def both_orders(path: str) -> list[int]:
    """The items in the order of time; training and batch scoring agree on it."""
    trained = prepare(load_log(path)).table["item"].tolist()
    source = Source(Path(path), "user_id", "item_id", "timestamp", None, "int64")
    write_histories(source, Path(f"{path}.sqlite"))
    ((_, scored, _),) = Histories(Path(f"{path}.sqlite")).between(1, 1)
    assert scored == trained
    return trained


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(histories, "LOG_ROWS", 2)


ORDERS = {  # times, and the order of the items 1, 2, ... by them
    "nanoseconds": (["2024-01-01T00:00:00.000000003Z", "2024-01-01T00:00:00.000000001Z"], [2, 1]),
    "mixed digits": (
        [f"2024-01-01T00:00:00{rest}" for rest in (".000000003", "", ".000001", ".000000001")],
        [2, 4, 1, 3],
    ),
    "twelve digits": ([f"2024-01-01T00:00:00.00000000000{n}" for n in (3, 1, 2)], [2, 3, 1]),
    "offsets": (
        [
            "2024-01-01T02:00:00.000000002+02:00",
            "2024-01-01T00:00:00.000000001Z",
            "2023-12-31T19:00:00.000000003-0500",
        ],
        [2, 1, 3],
    ),
    "before 1970": ([f"1969-12-31T23:59:59.99999999{n}Z" for n in (9, 7, 8)], [2, 3, 1]),
    "far away too": (
        ["9999-12-31", "2024-01-01T00:00:00.000000002", "2024-01-01T00:00:00.000000001"],
        [3, 2, 1],
    ),
    "integers": ([str(DAY * 10**9 + n) for n in (3, 1, 2)], [2, 3, 1]),
    "one written .0": ([f"{DAY}000000003", f"{DAY}000000001.0", f"{DAY}000000002"], [2, 3, 1]),
    "a tie of both": ([f"{DAY}000000001", f"{DAY}000000001.0", f"{DAY}000000000"], [3, 1, 2]),
    "the largest": (["9223372036854775807", "9223372036854775806.0", "-9223372036854775808"], None),
    "exponents": (["1e18", "1000000000000000001", "999999999999999999"], [3, 1, 2]),
    "more exponents": (["1.000000000000000003e18", "1000000000000000001", "1E+18"], [3, 2, 1]),
    "fractions": ([f"{DAY}.{n:09}" for n in (3, 1, 2)], [2, 3, 1]),
    "fractions below zero": (["-0.5", "-0.25", "0.5", "-1.5", "-0", ".25"], [4, 1, 2, 5, 6, 3]),
    "fine and below zero": ([f"-{DAY}.{n:09}" for n in (1, 3, 2)], [2, 3, 1]),
    "a tie of fractions": (
        [f"{DAY}.10", f"{DAY}.1", f"{DAY}.100000000000000000", "5"],
        [4, 1, 2, 3],
    ),
    "spaces and signs": (
        [f" +{DAY}000000003", f"{DAY}000000001.0 ", f"0{DAY}000000002"],
        [2, 3, 1],
    ),
}


@pytest.mark.parametrize("times", ORDERS)
def test_times_as_text(times, tmp_path):
    texts, expected = ORDERS[times]
    path = write_csv(tmp_path, *(f"u,{item},{text}" for item, text in enumerate(texts, start=1)))
    assert both_orders(path) == (expected or [3, 2, 1])


@pytest.mark.parametrize("times", ["integers", "one written .0", "fractions", "nanoseconds"])
def test_times_in_json_lines(times, tmp_path):
    texts, expected = ORDERS[times]
    cells = [json.dumps(text) if times == "nanoseconds" else text for text in texts]
    lines = [
        f'{{"user_id": "u", "item_id": {item}, "timestamp": {cell}}}\n'
        for item, cell in enumerate(cells, start=1)
    ]
    assert both_orders(write_log(tmp_path, "".join(lines), "log.jsonl")) == expected


STAMPS = [DAY * 10**9 + 3, DAY * 10**9 + 1, DAY * 10**9 + 2]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(STAMPS, pa.timestamp("ns")),
        pa.array(STAMPS, pa.timestamp("ns", "Asia/Kolkata")),
        pa.array([-n for n in (1, 3, 2)], pa.timestamp("ns")),
        pa.array([3, 1, 2], pa.timestamp("s")),
        pa.array([3, 1, 2], pa.timestamp("ms")),
        pa.array([3, 1, 2], pa.timestamp("us", "UTC")),
        pa.array([datetime.date(2024, 1, day) for day in (3, 1, 2)]),
        pa.array(STAMPS, pa.int64()),
        pa.array(STAMPS, pa.uint64()),
        pa.array([Decimal(n).scaleb(-9) for n in STAMPS], pa.decimal128(19, 9)),
        pa.array([str(n) for n in STAMPS]).dictionary_encode(),
        pa.array([0.3, 0.1, 0.2], pa.float64()),
        pa.array([3, 1, 2], pa.int8()),
    ],
    ids=lambda column: str(column.type)[:24],
)
def test_times_of_parquet(column, tmp_path):
    users, items = pa.array(["u"] * 3), pa.array([1, 2, 3])
    path = str(tmp_path / "log.parquet")
    parquet.write_table(pa.table({"user_id": users, "item_id": items, "timestamp": column}), path)
    assert both_orders(path) == [2, 3, 1]


def test_frames_of_pandas_with_nanoseconds(tmp_path):
    path = str(tmp_path / "log.parquet")
    times = pd.Series(np.array(STAMPS, "datetime64[ns]"))
    pd.DataFrame({"user_id": "u", "item_id": [1, 2, 3], "timestamp": times}).to_parquet(path)
    assert both_orders(path) == [2, 3, 1]
    table = load_log(path).table
    assert table["order"].tolist() == [2, 0, 1]
    assert table["time"].tolist() == [DAY, DAY, DAY]


def test_nanoseconds_apart_are_no_duplicates(tmp_path):
    rows = [f"u,7,2024-01-01T00:00:00.00000000{n}Z" for n in (1, 2, 1)]
    assert len(prepare(load_log(write_csv(tmp_path, *rows))).table) == 2


@pytest.mark.parametrize(
    ("times", "kind"),
    [(["3", "1"], np.int64), (["3.5", "1"], np.float64), (["2024-01-01T00:00:00.5"], np.float64)],
)
def test_what_a_float_holds_is_no_more_than_a_number(times, kind, tmp_path):
    table = load_log(write_csv(tmp_path, *(f"u,1,{time}" for time in times))).table
    assert table["time"].dtype == kind
    assert list(table.columns) == ["user", "item", "time"]


@pytest.mark.parametrize(
    "value",
    ["9223372036854775808", "-9223372036854775809", "9223372036854775808.0", "1e19", "1e300"]
    + ["18446744073709551615", "-1e19", "9" * 30],
)
def test_times_beyond_64_bits(value, tmp_path):
    message = refused(write_csv(tmp_path, "u,7,1", f"u,7,{value}"))
    assert "line 3, column 'timestamp': expected a time from -2^63 to 2^63 - 1. Rec" in message
    line = '{"user_id": "u", "item_id": 7, "timestamp": %s}\n'
    message = refused(write_log(tmp_path, line % 1 + line % value, "log.jsonl"))
    assert "line 2, column 'timestamp': expected a time from -2^63 to 2^63 - 1. Rec" in message


@pytest.mark.parametrize("value", ["9" * 400, "1e400", "-1e999999999", "NaN", "Infinity"])
def test_json_numbers_that_are_no_times(value, tmp_path):
    line = '{"user_id": "u", "item_id": 7, "timestamp": %s}\n'
    message = refused(write_log(tmp_path, line % 1 + line % value, "log.jsonl"))
    assert "line 2, column 'timestamp': expected a" in message
    message = refused(write_log(tmp_path, line % value + line % 1, "log.jsonl"))
    assert "line 1, column 'timestamp': expected a" in message
