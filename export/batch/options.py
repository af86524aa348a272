"""How everybody's histories are read, and how many items each of them gets."""

from dataclasses import dataclass

from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig, flag


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Settings of a job of `export.batch`.

    Attributes:
        user_column: column of users.
        item_column: column of items; None is that of a log (`DataConfig`).
        time_column: column of numbers or ISO 8601 dates; None is that of a log.
        history_column: column of lists of items, oldest first, instead of the two.
        now: when everybody asks, in the unit of the times (seconds, if those are dates), for a
            model that reads times; None is the log's newest time.
        k: items recommended, 1..catalogue size; None takes the export's.
        batch_size: histories a step, at most; the graph takes at most 16,384.
        users_a_part: users whose work a kill may lose.
    """

    user_column: str = DataConfig.user_column
    item_column: str | None = None
    time_column: str | None = None
    history_column: str | None = None
    now: int | None = None
    k: int | None = None
    batch_size: int = 256
    users_a_part: int = 50_000

    def require_sound(self) -> None:
        """Check the settings against each other.

        Raises:
            InputError: something is out of range; the message names its flag.
        """
        for name in ("batch_size", "users_a_part"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{flag(name)}: expected at least 1. Received: {getattr(self, name)}."
                )
        for name in ("item_column", "time_column"):
            if self.history_column and getattr(self, name):
                raise InputError(
                    f"--history-column: expected lists, oldest item first, and no {flag(name)}. "
                    f"Received: {flag(name)} {getattr(self, name)}."
                )
        if self.history_column and self.now is not None:
            raise InputError(
                "--now: expected a log with times, and no --history-column. "
                f"Received: --history-column {self.history_column}."
            )
