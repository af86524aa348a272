"""Settings that cannot work, each refused in one line that names its flag."""

import dataclasses
import math

from seqrec_tf.errors import InputError
from seqrec_tf.settings.candidates import named
from seqrec_tf.settings.config import DRAWN, RunConfig, Sections, TrainingConfig, flag
from seqrec_tf.settings.id_names import require_id_name

AT_LEAST = {
    "encoder": {"window": 1, "dim": 1, "layers": 1, "heads": 1, "expansion": 1},
    "training": {
        "negatives": 1,
        "score_penalty": 0,
        "batch_size": 1,
        "epochs": 1,
        "min_steps": 0,
        "warmup": 0,
        "patience": 1,
        "search_minutes": 0,
        "validation_users": 0,
        "length_buckets": 1,
        "seed": 0,
    },
}
SHARES = ("popularity_share", "calibration")  # 0 <= value <= 1
RATES = {
    "encoder": ("dropout",),
    "training": ("beta_2", "average", "label_smoothing", "item_dropout"),
}  # 0 <= value < 1

TRAINED = ("sasrec", "gru4rec", "auto")
# What an item-item model, which is computed, has no use for.
_LEARNING = {item.name for item in dataclasses.fields(TrainingConfig)} - {"recipe", "refit", "seed"}

# Flags that only some objectives, encoders or protocols read.
USED_BY: dict[str, dict[str, tuple[str, ...]]] = {
    "objective": {
        "negatives": DRAWN,
        "popularity_share": ("sampled-softmax", "bpr-max"),
        "in_batch_negatives": ("sampled-softmax",),
        "calibration": ("gbce",),
        "score_penalty": ("bpr-max",),
        "label_smoothing": ("full-softmax", "auto"),
    },
    "encoder": {
        **dict.fromkeys(("heads", "positions", "norm", "expansion", "gated"), ("sasrec", "auto")),
        **dict.fromkeys(("layers", "dropout", "time_bias", "tied", "blend"), TRAINED),
        **dict.fromkeys(_LEARNING, TRAINED),
    },
    "protocol": dict.fromkeys(("validation_from", "test_from", "test_days"), ("PT",)),
}


def check_config(config: RunConfig) -> None:
    """Refuse values out of range.

    Raises:
        InputError: naming the flag, what it must be and what was received.
    """
    for section, bounds in AT_LEAST.items():
        for name, least in bounds.items():
            value = getattr(getattr(config, section), name)
            _require(value is None or value >= least, name, f"at least {least}", value)
    for section, names in RATES.items():
        for name in names:
            value = getattr(getattr(config, section), name)
            _require(value is None or 0 <= value < 1, name, "0 <= value < 1", value)
    for name in SHARES:
        value = getattr(config.training, name)
        _require(0 <= value <= 1, name, "0 <= value <= 1", value)
    rate, encoder = config.training.learning_rate, config.encoder
    _require(0 < rate < math.inf, "learning_rate", "a finite number > 0", rate)
    _require(config.training.seed < 2**32, "seed", "less than 2^32", config.training.seed)
    if encoder.encoder == "sasrec":
        divides = encoder.dim % encoder.heads == 0
        _require(divides, "heads", f"a divisor of --dim {encoder.dim}", encoder.heads)
    days = config.data.test_days
    _require(days is None or 0 < days < math.inf, "test_days", "a finite number > 0", days)
    named(config.training.candidates)
    require_id_name(config.data.id_name)


def check_used(config: RunConfig, given: Sections) -> None:
    """Refuse typed flags that the objective, encoder or protocol would silently ignore.

    Args:
        config: the whole configuration.
        given: the flags that a person typed, by section.

    Raises:
        InputError: naming the flag and what reads it.
    """
    typed = {**given["data"], **given["encoder"], **given["training"]}
    for cut in ("validation_from", "test_from"):
        fits = not ({"test_days", cut} <= set(typed))
        _require(fits, cut, "either this or --test-days", typed.get(cut))
    if "search_minutes" in typed and config.training.continue_from:
        raise InputError(
            "--search-minutes: expected a training from its beginning. Received: --continue-from "
            f"{config.training.continue_from}."
        )
    chosen = {
        "objective": config.training.objective,
        "encoder": config.encoder.encoder,
        "protocol": config.data.protocol,
    }
    for what, flags in USED_BY.items():
        for name, users in flags.items():
            fits = name not in typed or chosen[what] in users
            _require(fits, name, f"{flag(what)} {' or '.join(users)}", chosen[what])


def _require(holds: bool, name: str, expected: str, received: object) -> None:
    if not holds:
        raise InputError(f"{flag(name)}: expected {expected}. Received: {received}.")
