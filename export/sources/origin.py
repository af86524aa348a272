"""What is known of an encoder beside itself: where it comes from, and histories to measure with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from export.artifact.documents import Provenance
from export.litert.samples import Samples
from seqrec_tf.data.splits import Split


@dataclass(frozen=True)
class Origin:
    """Where an encoder comes from.

    Attributes:
        provenance: what the export report says of it.
        own_encoder: see `export.sources.subject.Subject`.
        cards: files to write beside the report, by name.
        split: histories that an index other than the exact one is chosen and measured with.
        samples: histories that a LiteRT file is quantised for and compared on; None draws some by
            popularity.
    """

    provenance: Provenance
    own_encoder: bool
    cards: Mapping[str, bytes] = field(default_factory=dict)
    split: Split | None = None
    samples: Samples | None = None
