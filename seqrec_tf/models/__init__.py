"""Encoders, behind the one interface of `Encoder`."""

from pathlib import Path

import keras

from seqrec_tf.config import EncoderConfig
from seqrec_tf.models.encoder import Encoder
from seqrec_tf.models.gru4rec import GRU4Rec
from seqrec_tf.models.sasrec import SASRec

__all__ = ["Encoder", "GRU4Rec", "SASRec", "build_encoder", "load_encoder"]


def build_encoder(config: EncoderConfig, items: int) -> Encoder:
    """A fresh encoder for a catalogue of `items` items."""
    arguments = {
        name: getattr(config, name) for name in ("window", "dim", "layers", "dropout", "tied")
    }
    if config.encoder == "gru4rec":
        return GRU4Rec(items=items, **arguments)
    own = ("heads", "positions", "norm", "expansion", "gated")
    return SASRec(items=items, **arguments, **{name: getattr(config, name) for name in own})


def load_encoder(path: Path) -> Encoder:
    """Read the `model.keras` of a run directory."""
    return keras.saving.load_model(path, compile=False)
