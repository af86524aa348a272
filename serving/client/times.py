"""When everything in a request was, as options of the signature `recommend`."""

from collections.abc import Sequence
from typing import Any

from serving.protocol.errors import InputError


def time_options(
    histories: Sequence[Sequence[int | str]],
    timestamps: Sequence[Sequence[int]] | None,
    now: int | Sequence[int] | None,
) -> dict[str, Any]:
    """The options that say when everything was, as far as that is told.

    Args:
        histories: of a request.
        timestamps: of each item; None if they are not told.
        now: for all histories or for each; None if it is not told.

    Raises:
        InputError: more or fewer times than there are items or histories.
    """
    options: dict[str, Any] = {}
    if timestamps is not None:
        lengths, found = [len(row) for row in histories], [len(row) for row in timestamps]
        if lengths != found:
            raise InputError(
                "timestamps: expected one for each item, histories of "
                f"{_short(lengths)} items. Received: {_short(found)}"
            )
        options["timestamps"] = timestamps
    if now is not None:
        moments = [now] if isinstance(now, int) else list(now)
        if len(moments) not in (1, len(histories)):
            raise InputError(
                f"now: expected one time, or one for each of {len(histories)} histories. "
                f"Received: {len(moments)}"
            )
        options["now"] = moments
    return options


def _short(numbers: Sequence[int], most: int = 8) -> str:
    """The first of some numbers, as text."""
    return ", ".join(map(str, numbers[:most])) + (", ..." if len(numbers) > most else "")
