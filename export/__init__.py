"""Turn a trained encoder into a proven SavedModel and LiteRT file; the second of three stages.

The names below are what `import export` offers. Each is imported when it is asked for, so that
`--help` needs no TensorFlow; their modules have other names than they, or a module that somebody
has imported would stand where the function is expected.
"""

import importlib
from typing import TYPE_CHECKING

from seqrec_tf.backend import ensure_tensorflow_backend

if TYPE_CHECKING:
    from export.batch.job import batch_score
    from export.batch.options import BatchOptions
    from export.bring_your_own import export_savedmodel
    from export.exporter import export_run
    from export.options import ExportOptions
    from export.proof.process import ProofError
    from export.refreshing import refresh
    from export.verification import verify

__all__ = [
    "BatchOptions",
    "ExportOptions",
    "ProofError",
    "batch_score",
    "export_run",
    "export_savedmodel",
    "refresh",
    "verify",
]
MODULES = {
    "BatchOptions": "export.batch.options",
    "ExportOptions": "export.options",
    "ProofError": "export.proof.process",
    "batch_score": "export.batch.job",
    "export_run": "export.exporter",
    "export_savedmodel": "export.bring_your_own",
    "refresh": "export.refreshing",
    "verify": "export.verification",
}

ensure_tensorflow_backend()


def __getattr__(name: str) -> object:
    """A public name, imported when it is asked for."""
    if name not in MODULES:
        raise AttributeError(f"module 'export' has no attribute {name!r}")
    return getattr(importlib.import_module(MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
