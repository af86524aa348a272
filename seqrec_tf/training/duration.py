"""What `--resume` keeps of a run's settings, and what it may change."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json
from seqrec_tf.runs.changes import CHECKPOINT, EPOCHS
from seqrec_tf.settings.checks import check_config
from seqrec_tf.settings.config import (
    DURATION,
    RESUMABLE,
    RunConfig,
    Sections,
    TrainingConfig,
    flag,
    override,
)
from seqrec_tf.settings.config_files import read_asked, read_config

STATE = f"{CHECKPOINT}/state.json"


@dataclass(frozen=True)
class Duration:
    """How long to train.

    Attributes:
        asked: the settings as they were asked for.
        in_force: those with epochs and patience that `--min-steps` stretched.
    """

    asked: TrainingConfig
    in_force: TrainingConfig

    def as_dict(self) -> dict[str, dict[str, int]]:
        """What a checkpoint keeps of it."""
        parts = dataclasses.asdict(self)
        return {part: {name: parts[part][name] for name in DURATION} for part in parts}

    @property
    def to_repeat(self) -> TrainingConfig:
        """What gives the same settings again on the same data."""
        return self.asked if self.in_force.min_steps else self.in_force

    def prolonged(
        self, typed: dict, stretch: Callable[[TrainingConfig], TrainingConfig]
    ) -> "Duration":
        """How long to train on.

        What is typed is meant as typed, and what is not stays as it is in force. Only a typed
        `--min-steps` stretches, and then from what was asked for, never from what came of it.

        Args:
            typed: training flags of the resume.
            stretch: gives the settings in force.
        """
        typed = {name: typed[name] for name in DURATION if name in typed}
        if not typed:
            return self
        asked = dataclasses.replace(self.asked, **{"min_steps": 0, **typed})
        if "min_steps" in typed:
            return Duration(asked, stretch(asked))
        return Duration(asked, dataclasses.replace(self.in_force, **typed, min_steps=0))


def require_resumable(path: Path | None) -> Path:
    """The run directory, if it is one that can be continued.

    Args:
        path: the run directory; None if none was named.

    Raises:
        InputError: it is none.
    """
    if path is None or not any(path.glob(EPOCHS)):
        raise InputError(
            "--resume: expected --run with the directory of a run that finished an epoch. "
            f"Received: --run {path}."
        )
    return path


def resumed_config(path: Path, given: Sections) -> tuple[RunConfig, Duration]:
    """The configuration of the run to continue, and how long it was last to train.

    Args:
        path: the run directory, as `require_resumable` gives it.
        given: the flags that a person typed, by section.

    Raises:
        InputError: flags that a run keeps.
    """
    file = path / "config.json"
    config, asked = read_config(file), read_asked(file)
    _require_kept(given, config, asked, file)
    training = dataclasses.replace(asked.training, **_refit(given["training"]))
    running = {name: getattr(config.training, name) for name in DURATION}
    state = read_json(path / STATE) if (path / STATE).is_file() else {}
    parts = state.get("duration", {"asked": running, "in_force": running})
    kept = Duration(
        **{part: dataclasses.replace(training, **values) for part, values in parts.items()}
    )
    _require_constant_rate(path, kept.in_force, given["training"])
    check_config(override(asked, given))
    return dataclasses.replace(asked, training=kept.in_force), kept


def _refit(typed: dict) -> dict:
    return {name: typed[name] for name in typed if name == "refit"}


def _require_kept(given: Sections, config: RunConfig, asked: RunConfig, file: Path) -> None:
    for section, values in given.items():
        for name, value in values.items():
            kept = getattr(getattr(config, section), name)
            fits = value in (kept, getattr(getattr(asked, section), name))
            if name not in RESUMABLE and not fits:
                raise InputError(
                    f"{flag(name)}: a resumed run keeps its settings; expected {kept!r}, as in "
                    f"{file}. Received: {value!r}."
                )


def _require_constant_rate(path: Path, kept: TrainingConfig, typed: dict) -> None:
    for name in ("epochs", "min_steps"):
        if kept.schedule != "constant" and name in typed:
            raise InputError(
                f"{flag(name)}: {path} lays its learning rate out over its epochs; expected a run "
                f"with --schedule constant. Received: {kept.schedule}."
            )
