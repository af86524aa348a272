"""What `--recipe auto` leaves to the data: settings that are None until the data is read.

Overfitting is what small data has in common. Validation NDCG@10 with dropout 0.5 and 0.2 is in
tests/benchmarks/README.md ("Settings that follow from the data").
"""

import dataclasses

from seqrec_tf.settings.config import EncoderConfig

SMALL_DATA = 500_000  # interactions to train on, below which dropout is SMALL_DATA_DROPOUT
DROPOUT, SMALL_DATA_DROPOUT = 0.2, 0.5


def adapted(encoder: EncoderConfig, interactions: int) -> EncoderConfig:
    """`encoder` without a None, and with the network that `auto` begins with.

    Args:
        encoder: what was asked for.
        interactions: of the training part.
    """
    if encoder.encoder == "auto":
        encoder = dataclasses.replace(encoder, encoder="sasrec")
    if encoder.dropout is not None:
        return encoder
    dropout = SMALL_DATA_DROPOUT if interactions < SMALL_DATA else DROPOUT
    return dataclasses.replace(encoder, dropout=dropout)
