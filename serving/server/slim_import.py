"""Importing TensorFlow without Keras, which a SavedModel does not need: half of the time.

TensorFlow imports Keras with itself, so that Keras can register what it brings, and goes on without
where it is not installed.
"""

import sys


def import_tensorflow() -> None:
    """Import TensorFlow, if it is not; Keras is left to whoever imports it later."""
    hidden = [name for name in ("keras", "tf_keras") if name not in sys.modules]
    # The import system takes None for: not there.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import tensorflow  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
