"""Train sequential recommenders from ragged histories; the first of three stages (README.md)."""

from seqrec_tf.backend import ensure_tensorflow_backend

ensure_tensorflow_backend()
