"""Turn a trained encoder into a proven SavedModel and LiteRT file; the second of three stages."""

from seqrec_tf.backend import ensure_tensorflow_backend

ensure_tensorflow_backend()
