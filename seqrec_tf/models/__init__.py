"""Encoders, behind the one interface of `Encoder`."""

import json
import shutil
import zipfile
from pathlib import Path

import keras

from seqrec_tf.errors import InputError
from seqrec_tf.models.blend import Blend
from seqrec_tf.models.encoder import Encoder
from seqrec_tf.models.gru4rec import GRU4Rec
from seqrec_tf.models.item_item import ItemItem
from seqrec_tf.models.sasrec import SASRec
from seqrec_tf.settings.config import EncoderConfig

__all__ = [
    "Blend",
    "Encoder",
    "GRU4Rec",
    "ItemItem",
    "SASRec",
    "build_encoder",
    "load_encoder",
    "save_encoder",
]


def build_encoder(config: EncoderConfig, items: int) -> Encoder:
    """A fresh encoder for a catalogue of `items` items."""
    shared = ("window", "dim", "layers", "dropout", "tied", "time_bias")
    arguments = {name: getattr(config, name) for name in shared}
    if config.encoder == "gru4rec":
        return GRU4Rec(items=items, **arguments)
    own = ("heads", "positions", "norm", "expansion", "gated")
    return SASRec(items=items, **arguments, **{name: getattr(config, name) for name in own})


def save_encoder(encoder: Encoder, path: Path) -> None:
    """Write `model.keras`: the same file for the same weights, so without Keras' dates."""
    dated = path.with_name(f"dated-{path.name}")
    encoder.save(dated)
    with zipfile.ZipFile(dated) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            undated = zipfile.ZipInfo(entry.filename)
            if entry.filename == "metadata.json":
                metadata = json.loads(source.read(entry)) | {"date_saved": ""}
                target.writestr(undated, json.dumps(metadata))
                continue
            undated.file_size = entry.file_size
            with source.open(entry) as content, target.open(undated, "w") as copy:
                shutil.copyfileobj(content, copy, 2**20)
    dated.unlink()


def load_encoder(path: Path) -> Encoder:
    """Read the `model.keras` of a run directory, or any model that Keras saved.

    Raises:
        InputError: the file is no such model, or holds classes that nobody registered.
    """
    if not zipfile.is_zipfile(path):
        received = "no zip archive, or half of one" if path.exists() else "no such file"
        raise InputError(f"{path}: expected a file that Keras saved. Received: {received}.")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # of any kind, after what is wrong with the file
        # Keras shows the whole configuration before it comes to the point.
        reason = " ".join(str(error).rpartition("Exception encountered: ")[2].split())
        raise InputError(
            f"{path}: expected a model that Keras can load (one with classes of its own: from "
            f"Python, where they are known). Received: {reason[:300]}"
        ) from error
