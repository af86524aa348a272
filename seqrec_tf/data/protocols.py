"""Evaluation protocols: which interactions count, and how they are held out.

| protocol | items | split |
|---|---|---|
| P1 | seen at least 5 times | leave-one-out |
| P2 | all rated | leave-one-out |
| P3 | all, after ratings below 2 are dropped | leave-one-out |
| PT | those of the training part | global time, cuts at 80 % and 90 % of the interactions, or |
| | | the last --test-days and as many before them |

Filters given explicitly win over the protocol's, and then the protocol's name says so. No
TensorFlow here: wrong data is told before it is loaded.
"""

import dataclasses
from typing import Any

from seqrec_tf.data import load_interactions
from seqrec_tf.data.filters import prepare
from seqrec_tf.data.interactions import Interactions
from seqrec_tf.settings.config import DataConfig

PROTOCOL_FILTERS: dict[str, dict[str, float]] = {
    "P1": {"min_item_count": 5},
    "P2": {},
    "P3": {"min_rating": 2.0},
    "PT": {},
}
FILTERS = ("min_rating", "min_item_count", "min_user_count", "min_sequence_length")


def read_filtered(config: DataConfig) -> tuple[DataConfig, Interactions]:
    """Read, filter and sort; also the configuration with the protocol's filters filled in.

    Raises:
        InputError: unreadable data, or nothing left of it.
    """
    config = resolve_filters(config)
    filters = {name: getattr(config, name) for name in FILTERS}
    return config, prepare(load_interactions(config), **filters)


def resolve_filters(config: DataConfig) -> DataConfig:
    """Fill in the protocol's filters where none was given."""
    defaults = PROTOCOL_FILTERS[config.protocol]
    missing: dict[str, Any] = {
        name: value for name, value in defaults.items() if getattr(config, name) is None
    }
    return dataclasses.replace(config, **missing)


def protocol_label(config: DataConfig) -> str:
    """The protocol's name; what differs from the protocol's own is spelt out."""
    own = PROTOCOL_FILTERS[config.protocol]
    differing = ["repeats"] if config.repeats else []
    differing += [f"test_days={config.test_days:g}"] if config.test_days else []
    differing += [
        f"{name}={getattr(config, name) or 0:g}"
        for name in FILTERS
        if _effective(name, getattr(config, name)) != _effective(name, own.get(name))
    ]
    return f"{config.protocol} ({', '.join(differing)})" if differing else config.protocol


def _effective(name: str, value: float | None) -> float:
    """Filters of 0 and 1 occurrence, and none at all, drop nothing."""
    return 0.0 if value is None or (name != "min_rating" and value <= 1) else float(value)
