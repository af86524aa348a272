"""What a log is known by: counts and digests of its filtered, sorted and split interactions.

A run keeps them, so that nothing measures it, or trains it on, with another log than it was
trained on. Neither the file's path and format count, nor titles, nor the order of rows that are
sorted anyway, nor times beyond the order and the split that follow from them, unless a model reads
them.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqrec_tf.errors import InputError

COUNTS = ("interactions", "users", "items")
SPLIT, TIMES = "split", "times"


class ChangedLogError(InputError):
    """The log is another one than the run was trained on."""


@dataclass(frozen=True)
class LogDigest:
    """Counts and digests of a log.

    Attributes:
        interactions: how many are left after the filters.
        users: of how many users.
        items: of how many items.
        first_time: the earliest, in the log's unit.
        last_time: the latest.
        protocol: with filters that are not its own, as in tables.
        cuts: of PT, where the parts end in time.
        digests: of the `users`, the `items`, the `pairs` of both in any order, of the users'
            histories in `order`, of where each history is `split`, and of whole `times`.
    """

    interactions: int
    users: int
    items: int
    first_time: float
    last_time: float
    protocol: str
    cuts: list[float]
    digests: dict[str, str]

    def as_dict(self) -> dict:
        """As the run's `interactions.json` holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict, source: str) -> "LogDigest":
        """The reverse of `as_dict`.

        Raises:
            InputError: not what `as_dict` gives.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if set(values) != names or not isinstance(values["digests"], dict):
            raise InputError(
                f"{source}: expected the digest of a log, with {', '.join(sorted(names))}. "
                f"Received: {', '.join(values) or 'nothing'}."
            )
        return cls(**values)


def digest_of(
    table: pd.DataFrame, ends: tuple[np.ndarray, np.ndarray], protocol: str, cuts: list[float]
) -> LogDigest:
    """The digest of interactions that are filtered and sorted.

    Args:
        table: `user`, `item` and `time`, sorted by user and time.
        ends: (users,) int64 each, where a user's training and validation parts end.
        protocol: its label.
        cuts: see `LogDigest`.
    """
    users, user_names = pd.factorize(table["user"])
    items, item_names = pd.factorize(table["item"], sort=True)
    times = table["time"].to_numpy()
    digests = {
        "users": _of_names(user_names),
        "items": _of_names(item_names),
        "pairs": _of_numbers(np.sort(users * len(item_names) + items)),
        "order": _of_numbers(users, items),
        SPLIT: _of_numbers(*ends),
        TIMES: _of_numbers(np.floor(times.astype(np.float64)), kind="<f8"),
    }
    return LogDigest(
        interactions=len(table),
        users=len(user_names),
        items=len(item_names),
        first_time=times.min().item(),
        last_time=times.max().item(),
        protocol=protocol,
        cuts=cuts,
        digests=digests,
    )


def _of_names(names: pd.Index) -> str:
    texts = json.dumps([str(name) for name in names])
    return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()


def _of_numbers(*arrays: np.ndarray, kind: str = "<i8") -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, kind).data)
    return digest.hexdigest()


def changes(
    kept: LogDigest,
    now: LogDigest,
    known: np.ndarray | None = None,
    found: np.ndarray | None = None,
    timed: bool = False,
) -> str:
    """What differs between the log of a training and another one, in words; "" for nothing.

    Args:
        kept: of the training.
        now: of the log now.
        known: item ids of the training, if they are at hand.
        found: item ids of the log now.
        timed: whether times count by themselves.
    """
    said = _settings_and_counts(kept, now)
    other = [name for name, digest in kept.digests.items() if now.digests.get(name) != digest]
    if "items" in other:
        said.append(f"item ids differ{_first_ids(known, found)}")
    if "users" in other and kept.users == now.users:
        said.append("user ids differ")
    if not said and "pairs" in other:
        said.append("users have other items")
    elif not said and "order" in other:
        said.append("the order of interactions differs")
    elif not said and timed and TIMES in other:
        said.append("the times of interactions differ")
    said += _held_out(kept, now, SPLIT in other, bool(said))
    if said and kept.last_time != now.last_time:
        said.append(f"the last time is {now.last_time} instead of {kept.last_time}")
    return ", ".join(said)


def _settings_and_counts(kept: LogDigest, now: LogDigest) -> list[str]:
    said = []
    if kept.protocol != now.protocol:
        said.append(f"split differs: protocol {kept.protocol} -> {now.protocol}")
    for name in COUNTS:
        more = getattr(now, name) - getattr(kept, name)
        if more:
            said.append(f"{abs(more):,} {name} {'more' if more > 0 else 'fewer'}")
    return said


def _held_out(kept: LogDigest, now: LogDigest, differs: bool, explained: bool) -> list[str]:
    """What is to be said of the split, unless what was said before explains it."""
    if kept.cuts != now.cuts and (differs or not explained):
        ends = (
            " and ".join(f"{cut:g}" for cut in cuts) or "none" for cuts in (kept.cuts, now.cuts)
        )
        return [f"split differs: cuts at {' -> '.join(ends)}"]
    if differs and not explained:
        return ["split differs: other interactions are held out"]
    return []


def _first_ids(known: np.ndarray | None, found: np.ndarray | None) -> str:
    if known is None or found is None:
        return ""
    pairs = (("new", np.setdiff1d(found, known)), ("gone", np.setdiff1d(known, found)))
    firsts = [f"first {what}: {ids[0]}" for what, ids in pairs if len(ids)]
    return f" ({', '.join(firsts)})" if firsts else ""
