"""The model that Keras' `fit` trains: an encoder with its objective, and the optimizer."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.losses import Objective, build_objective
from seqrec_tf.models import Encoder, build_encoder
from seqrec_tf.models.layers import select
from seqrec_tf.settings.config import EncoderConfig, RunConfig, TrainingConfig


class NextItemModel(keras.Model):
    """An encoder with its objective, on the batches of `seqrec_tf.training.pipeline`.

    On several devices each has a part of the batch's examples, and all negatives that were drawn
    for the batch; in-batch negatives are those of the device's part.
    """

    def __init__(self, encoder: Encoder, objective: Objective, **kwargs: object):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.objective = objective
        self.built = True

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Encoder outputs (batch, length, dim) for `inputs["rows"]`, and `inputs["times"]`."""
        read = {"times": inputs["times"]} if "times" in inputs else {}
        return self.encoder(inputs["rows"], training=training, **read)

    def compute_loss(
        self,
        x: dict[str, tf.Tensor],
        y: tf.Tensor,
        y_pred: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
        training: bool = True,
    ) -> tf.Tensor:
        """The objective over positions that have a target (non-zero in `y`)."""
        real = y > 0
        negatives = x.get("negatives")
        if negatives is not None:
            shared = negatives.shape.rank == 1
            negatives = _gathered(negatives) if shared else tf.boolean_mask(negatives, real)
        targets = tf.boolean_mask(y, real)
        loss = self.objective(self.encoder, select(y_pred, real), targets, negatives)
        return loss * _share_of_batch(targets)

    def _maybe_symbolic_build(self, iterator: object = None, data_batch: object = None) -> None:
        """Nothing: all is built, and under a strategy Keras would use up a batch for it."""


def _gathered(negatives: tf.Tensor) -> tf.Tensor:
    """The negatives of the whole batch, of which each device was given a part."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return negatives
    return tf.distribute.get_replica_context().all_gather(negatives, axis=0)


def _share_of_batch(targets: tf.Tensor) -> tf.Tensor | float:
    """The weight of this device's mean, so that those of all devices add up to the batch's."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return 1.0
    count = tf.cast(tf.size(targets), tf.float32)
    return count / tf.distribute.get_replica_context().all_reduce("SUM", count)


def build_model(config: RunConfig, catalogue: Catalogue, steps_per_epoch: int) -> NextItemModel:
    """A fresh model, compiled; on all GPUs and in 16 bits if the configuration says so."""
    training = config.training
    strategy = (
        tf.distribute.MirroredStrategy() if training.mirrored else tf.distribute.get_strategy()
    )
    with strategy.scope(), _dtype_policy(training.precision):
        encoder = build_encoder(config.encoder, catalogue.size)
        model = NextItemModel(encoder, build_objective(training, catalogue.counts))
        # XLA wants static shapes; how many positions are real differs from batch to batch.
        model.compile(optimizer=build_optimizer(training, steps_per_epoch), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
    return model


def in_float32(encoder: Encoder, config: EncoderConfig) -> Encoder:
    """The same encoder computing in float32, whatever it was trained in."""
    if encoder.dtype_policy.name == "float32":
        return encoder
    with _dtype_policy("float32"):
        copy = build_encoder(config, encoder.items)
    copy.set_weights(encoder.get_weights())
    return copy


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Layers made inside compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_optimizer(config: TrainingConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer that the configuration names, with its learning-rate schedule.

    The rate rises linearly over `warmup` epochs; then it is constant, or falls to zero along a
    cosine over the rest of `epochs`. With `average` the optimizer keeps an exponential moving
    average of the weights (Polyak averaging), which `AveragedWeights` uses.
    """
    kind = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[config.optimizer]
    averaging = {"use_ema": True, "ema_momentum": config.average} if config.average else {}
    return kind(_learning_rate(config, steps_per_epoch), beta_2=config.beta_2, **averaging)


def _learning_rate(
    config: TrainingConfig, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    warmup = round(config.warmup * steps_per_epoch)
    if config.schedule == "constant" and not warmup:
        return config.learning_rate
    rest = max(config.epochs * steps_per_epoch - warmup, 1)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=rest,
        alpha=0.0 if config.schedule == "cosine" else 1.0,
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
