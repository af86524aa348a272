"""`search.json`: what a search considered, and what it chose."""

from pathlib import Path
from typing import Any

from seqrec_tf.json_files import read_json, write_json
from seqrec_tf.settings.config import Sections, flag

SEARCH = "search.json"

SECTION = """## What was considered

| beside the rules' settings | epochs | validation NDCG@10 | seconds | |
|---|---|---|---|---|
{rows}

Each was trained by its own whole schedule; the better half in validation went on after a third and
after two thirds of it.
{left_out}
"""


def write_search(
    path: Path, minutes: float, considered: list[dict[str, Any]], left_out: list[Sections]
) -> None:
    """Write `search.json`.

    Args:
        path: the file.
        minutes: of `--search-minutes`.
        considered: `settings` (what differs from the rules'), `epochs`, `validation_ndcg@10`,
            `seconds` and `taken` of each candidate.
        left_out: settings that did not fit into the minutes, or that a signal came before.
    """
    write_json(path, {"minutes": minutes, "considered": considered, "left_out": left_out})


def read_search(run: Path) -> dict[str, Any] | None:
    """The content of a run's `search.json`; None for one without a search.

    Raises:
        InputError: the file holds no JSON object.
    """
    path = run / SEARCH
    return read_json(path) if path.is_file() else None


def chosen_settings(run: Path) -> Sections:
    """What the search of a run changed of the settings that were asked for."""
    search = read_search(run)
    taken = [row["settings"] for row in search["considered"] if row["taken"]] if search else []
    return taken[0] if taken else {}


def search_section(search: dict[str, Any] | None) -> str:
    """The section of the model card."""
    if search is None:
        return ""
    rows = [
        f"| {_code(row['settings'])} | {row['epochs']} | {row['validation_ndcg@10']:.4f} "
        f"| {row['seconds']:.0f} | {'taken' if row['taken'] else ''} |"
        for row in search["considered"]
    ]
    left_out = ", ".join(_code(settings) for settings in search["left_out"])
    if left_out:
        left_out = f"\nNot tried within {search['minutes']:g} minutes: {left_out}.\n"
    return SECTION.format(rows="\n".join(rows), left_out=left_out)


def _code(settings: Sections) -> str:
    return f"`{described(settings)}`" if settings else "nothing"


def described(settings: Sections) -> str:
    """The flags that give these settings; empty for none."""
    values = {name: value for section in settings.values() for name, value in section.items()}
    return " ".join(_flag(name, value) for name, value in values.items())


def _flag(name: str, value: object) -> str:
    if isinstance(value, bool):
        return flag(name) if value else flag(f"no_{name}")
    return f"{flag(name)} {value}"
