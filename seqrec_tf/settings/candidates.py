"""What the search of `--recipe auto` tries beside the settings that its rules give.

A candidate differs from the rules' settings in one of them, and only in one that nobody named.
"""

from collections.abc import Callable

from seqrec_tf.errors import InputError
from seqrec_tf.settings.adaptive import DROPOUT, SMALL_DATA_DROPOUT
from seqrec_tf.settings.config import RunConfig, Sections, override


def _other_dropout(config: RunConfig) -> Sections:
    usual = config.encoder.dropout == DROPOUT
    return {"encoder": {"dropout": SMALL_DATA_DROPOUT if usual else DROPOUT}}


def _half_as_wide(config: RunConfig) -> Sections:
    half = config.encoder.dim // 2
    fits = half and half % config.encoder.heads == 0
    return {"encoder": {"dim": half}} if fits else {}


def _other_blocks(config: RunConfig) -> Sections:
    if config.encoder.encoder != "sasrec":  # only a transformer has gates
        return {}
    return {"encoder": {"gated": not config.encoder.gated}}


def _half_as_fast(config: RunConfig) -> Sections:
    return {"training": {"learning_rate": config.training.learning_rate / 2}}


def _other_times(config: RunConfig) -> Sections:
    return {"encoder": {"time_bias": not config.encoder.time_bias}}


ALTERNATIVES: dict[str, Callable[[RunConfig], Sections]] = {
    "dropout": _other_dropout,
    "dim": _half_as_wide,
    "gated": _other_blocks,
    "learning_rate": _half_as_fast,
    "time_bias": _other_times,
}


def named(candidates: str) -> list[str]:
    """The settings that a search may change.

    Args:
        candidates: of `TrainingConfig`: names of `ALTERNATIVES`, with commas between them.

    Raises:
        InputError: a name that is none.
    """
    names = [name.strip().replace("-", "_") for name in candidates.split(",") if name.strip()]
    for name in names:
        if name not in ALTERNATIVES:
            raise InputError(
                f"--candidates: expected some of {', '.join(ALTERNATIVES)}, with commas between "
                f"them. Received: {name!r}."
            )
    return names


def alternatives(config: RunConfig) -> list[Sections]:
    """What each candidate changes of `config`, the most promising first."""
    found = (ALTERNATIVES[name](config) for name in named(config.training.candidates))
    return [settings for settings in found if settings]


def reads_times(config: RunConfig) -> bool:
    """Whether the encoder, or one that the search may try, reads when items were."""
    candidates = named(config.training.candidates) if config.training.search_minutes else []
    return config.encoder.time_bias or "time_bias" in candidates


def without_typed(config: RunConfig, given: Sections) -> RunConfig:
    """`config` whose search leaves alone what a person has named."""
    typed = {name for values in given.values() for name in values}
    if "candidates" in typed:
        return config
    left = [name for name in named(config.training.candidates) if name not in typed]
    return override(config, {"training": {"candidates": ",".join(left)}})
