"""How much a metric changed, as a share of what it was: a change relative to nothing is none."""


def relative(part: float, whole: float) -> float | None:
    """`part / whole`, rounded to five digits: 0 if there is no part, None if there is no whole."""
    if part == 0:
        return 0.0
    return round(float(part / whole), 5) if whole else None


def change_text(change: float | None) -> str:
    """A relative change for a reader, such as "-1.23%"; "none" for one relative to nothing."""
    return "none" if change is None else f"{change:+.2%}"
