"""Turn a trained encoder into a proven SavedModel and LiteRT file; the second of three stages."""

from seqrec_tf.backend import ensure_tensorflow_backend

ensure_tensorflow_backend()


def __getattr__(name: str):
    """`export.export_savedmodel`, imported when it is asked for: `--help` needs no TensorFlow."""
    if name == "export_savedmodel":
        from export.bring_your_own import export_savedmodel

        return export_savedmodel
    raise AttributeError(f"module 'export' has no attribute {name!r}")
