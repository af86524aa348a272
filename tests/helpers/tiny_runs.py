"""Whole trainings with the real command on a tiny log, for the tests of this folder."""

import contextlib
import csv
import io
import shlex
import sys
from pathlib import Path

import pytest

from seqrec_tf import train

USERS, ITEMS = 40, 12
SMALL = shlex.split(
    "--interactions log.csv --titles titles.csv --id-name skus --dim 8 --layers 1 --window 6 "
    "--batch-size 8 --learning-rate 0.01 --length-buckets 2 --schedule constant --dropout 0.2 "
    "--patience 10 --no-blend"
)


def write_log(folder: Path) -> Path:
    """A log of users who walk in a circle of twelve products, "01" to "12"; returns `folder`."""
    walks = [[(user + step) % ITEMS + 1 for step in range(5 + user % 4)] for user in range(USERS)]
    rows = [f"u{u},{item:02},{at}" for u, walk in enumerate(walks) for at, item in enumerate(walk)]
    (folder / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    titles = [f'{item:02},"Product {item}, new"' for item in range(1, ITEMS + 1)]
    (folder / "titles.csv").write_text("item_id,title\n" + "\n".join(titles) + "\n")
    return folder


def run_command(folder: Path, *argv: str) -> tuple[int, str, str]:
    """Run the command in `folder`: exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train", *argv])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                train.main()
            except SystemExit as end:
                code = end.code
    return code, out.getvalue(), err.getvalue()


def finished_run(folder: Path, *argv: str) -> Path:
    """Train successfully; the run directory."""
    code, out, err = run_command(folder, *argv)
    assert code == 0, err
    assert out.count("\n") == 1
    return folder / out.strip()


def read_history(run: Path) -> list[dict[str, str]]:
    """`history.csv` without the clock."""
    with open(run / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
