"""Train sequential recommenders from ragged histories; the first of three stages (README.md).

`train`, `resume`, `evaluate`, `compare`, `configure` and `read_run` are documented in
`seqrec_tf.api`. Names are imported when they are asked for: importing this package loads neither
TensorFlow nor pandas.
"""

import importlib
from typing import TYPE_CHECKING

from seqrec_tf.backend import ensure_tensorflow_backend

if TYPE_CHECKING:
    from seqrec_tf.api import compare, configure, evaluate, read_run, resume, train
    from seqrec_tf.errors import InputError
    from seqrec_tf.evaluation.metrics import Metrics
    from seqrec_tf.runs.directory import Run
    from seqrec_tf.settings.config import DataConfig, EncoderConfig, RunConfig, TrainingConfig

__all__ = [
    "DataConfig",
    "EncoderConfig",
    "InputError",
    "Metrics",
    "Run",
    "RunConfig",
    "TrainingConfig",
    "compare",
    "configure",
    "evaluate",
    "read_run",
    "resume",
    "train",
]

_HOME = {
    **dict.fromkeys(("compare", "configure", "read_run", "resume"), "seqrec_tf.api"),
    "InputError": "seqrec_tf.errors",
    "Metrics": "seqrec_tf.evaluation.metrics",
    "Run": "seqrec_tf.runs.directory",
    **dict.fromkeys(
        ("DataConfig", "EncoderConfig", "RunConfig", "TrainingConfig"), "seqrec_tf.settings.config"
    ),
}
_CALLABLE = ("evaluate", "train")  # modules that are called; see `seqrec_tf.callable_module`

ensure_tensorflow_backend()


def __getattr__(name: str) -> object:
    if name in _CALLABLE:
        return importlib.import_module(f"seqrec_tf.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
