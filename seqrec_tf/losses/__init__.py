"""Objectives: how the vector at a position is pulled towards the item that came next.

Each takes real positions only, never padding:

    hidden     (positions, dim)         encoder outputs
    targets    (positions,) int32       row of the next item, 1..items
    negatives  int32 rows that are not the targets': (positions, count) for `bce`, else (count,)
               drawn for the whole batch, or None for objectives that draw none

and returns the mean over positions, a float32 scalar. None holds more logits at a time than
`seqrec_tf.losses.chunks` says.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from seqrec_tf.losses.pairwise import BPRMax
from seqrec_tf.losses.pointwise import GeneralisedBinaryCrossEntropy, binary_cross_entropy
from seqrec_tf.losses.softmax import FullSoftmax, InBatchSoftmax, SampledSoftmax
from seqrec_tf.models import Encoder
from seqrec_tf.settings.config import TrainingConfig

# Of (encoder, hidden, targets, negatives): the loss.
Objective = Callable[[Encoder, tf.Tensor, tf.Tensor, tf.Tensor | None], tf.Tensor]


def build_objective(config: TrainingConfig, counts: np.ndarray) -> Objective:
    """The objective that `config` names; `counts` (items,) are the catalogue's training counts."""
    match config.objective:
        case "bce":
            return binary_cross_entropy
        case "gbce":
            return GeneralisedBinaryCrossEntropy(config.calibration)
        case "full-softmax":
            return FullSoftmax(config.label_smoothing)
        case "sampled-softmax":
            return SampledSoftmax(counts, config.popular_negatives, config.in_batch_negatives)
        case "in-batch-softmax":
            return InBatchSoftmax(counts)
        case "bpr-max":
            return BPRMax(config.score_penalty)
    raise ValueError(
        f"objective: expected one of seqrec_tf.settings.config's. Received: {config.objective}"
    )
