"""What an artifact is built from."""

from dataclasses import dataclass

from export.graph.encoder import HistoryEncoder
from seqrec_tf.data.catalogue import Catalogue


@dataclass(frozen=True)
class Subject:
    """An encoder with its items, and what is asked of both.

    Attributes:
        encoder: of histories.
        catalogue: its items.
        k: items recommended.
        id_name: name of the id inputs and outputs.
        repeats: whether seen items are recommended, unless a request wants it otherwise.
        own_encoder: whether the encoder is of this project, also if a refresh has wrapped it:
            its graph is then held to `export.proof.ops.ALLOWED_OPS`.
    """

    encoder: HistoryEncoder
    catalogue: Catalogue
    k: int
    id_name: str
    repeats: bool = False
    own_encoder: bool = False
