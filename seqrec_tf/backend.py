"""Make sure that Keras 3 runs on TensorFlow, before anything imports Keras."""

import os
import sys


def ensure_tensorflow_backend() -> None:
    """Set `KERAS_BACKEND=tensorflow`, which Keras reads once, when it is first imported.

    Raises:
        RuntimeError: Keras was imported before and already runs on another backend.
    """
    keras = sys.modules.get("keras")
    active = keras.config.backend() if keras is not None and hasattr(keras, "config") else None
    if active not in (None, "tensorflow"):
        raise RuntimeError(
            "seqrec-tf needs Keras on the TensorFlow backend, but Keras was imported before it "
            "with another one. Set KERAS_BACKEND=tensorflow, or import seqrec_tf before keras. "
            f"Received: backend {active!r}."
        )
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
