"""Fit an encoder on a dataset and write everything a run directory holds."""

import dataclasses
import functools
import sys
from collections.abc import Callable
from pathlib import Path

import keras

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.measuring import measure
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel, simple_models
from seqrec_tf.models import Blend, Encoder
from seqrec_tf.runs.changes import CHECKPOINT, STATE, Claim
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.config import EncoderConfig, RunConfig, weight_settings
from seqrec_tf.training.blending import blend
from seqrec_tf.training.callbacks import (
    AveragedWeights,
    Checkpoint,
    Interruption,
    StopOnNaN,
    Validation,
)
from seqrec_tf.training.closed_form import ClosedForm, best_closed_form, closed_form
from seqrec_tf.training.continuing import carry_over
from seqrec_tf.training.duration import Duration
from seqrec_tf.training.finishing import Trained, finish
from seqrec_tf.training.model import build_model, in_float32
from seqrec_tf.training.pipeline import TrainingData, training_data
from seqrec_tf.training.refitting import refitted_blend, refitted_item_item, refitted_network


def fit_and_write(
    claim: Claim,
    config: RunConfig,
    asked: RunConfig,
    duration: Duration,
    dataset: Dataset,
    start: Run | None = None,
) -> None:
    """Train until the epochs or the patience are spent, or SIGINT; then evaluate and write.

    Args:
        claim: of an existing run directory; one with a checkpoint is continued.
        config: its configuration.
        asked: what gives the same configuration again.
        duration: how long to train.
        dataset: the data, of the same configuration.
        start: the run whose weights to start from.
    """
    model, data, checkpoint = _prepare(claim, config, duration, dataset, start)
    failure = _fit(model, data, checkpoint, config, dataset, claim.path / "logs")
    best = checkpoint.best_epoch
    if best is None:
        raise InputError(f"{failure} No epoch was complete, so there is no model.")
    checkpoint.load_best()
    _report_progress(checkpoint)
    network = in_float32(model.encoder, config.encoder)
    refit = functools.partial(refitted_network, config, dataset, best, data.steps_per_epoch, start)
    simple = simple_models(dataset)
    trained = _measured(config, dataset, simple, network, refit)
    if asked.encoder.encoder == "auto":
        trained = _better(trained, dataset, simple)
    trained = dataclasses.replace(trained, history=checkpoint.history, best_epoch=best)
    finish(claim, asked, dataset, trained)
    if failure:
        raise InputError(f"{failure} {claim.path} holds epoch {best}, the best before.")


def compute_and_write(claim: Claim, config: RunConfig, asked: RunConfig, dataset: Dataset) -> None:
    """As `fit_and_write`, for an encoder that is computed at once."""
    warn_of_seen_targets(dataset)
    keras.utils.clear_session()  # as in `_prepare`
    encoder = config.encoder
    found = closed_form(encoder.encoder, dataset, encoder.window, encoder.dim)
    finish(claim, asked, dataset, _computed(config, dataset, found))


def _measured(
    config: RunConfig,
    dataset: Dataset,
    simple: list[SimpleModel],
    network: Encoder,
    refit: Callable[[], Encoder],
) -> Trained:
    """The network, with a companion if it is to have one and one helps it."""
    encoder, blending = blend(network, dataset, simple) if config.encoder.blend else (network, None)
    metrics = measure(encoder, dataset, simple=simple)
    if blending is None or not isinstance(encoder, Blend):
        return Trained(config, encoder, metrics, refit)
    metrics = dataclasses.replace(metrics, blend=dataclasses.asdict(blending))
    companion = next(model for model in simple if model.name == blending.companion)

    def refit_both() -> Encoder:
        return refitted_blend(encoder, refit(), companion, dataset)

    return Trained(config, encoder, metrics, refit_both)


def _better(trained: Trained, dataset: Dataset, simple: list[SimpleModel]) -> Trained:
    """What was trained, or the item-item model that is better in validation."""
    found = best_closed_form(dataset, trained.config.encoder.window, simple)
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    if found.kept <= encoder_ndcg(trained.encoder, queries):
        return trained
    plain = EncoderConfig(
        encoder=found.model.name, window=found.encoder.window, dim=found.encoder.dim
    )
    return _computed(dataclasses.replace(trained.config, encoder=plain), dataset, found, simple)


def _computed(
    config: RunConfig, dataset: Dataset, found: ClosedForm, simple: list[SimpleModel] | None = None
) -> Trained:
    name = found.model.name
    rivals = None if simple is None else [model for model in simple if model.name != name]
    metrics = measure(found.encoder, dataset, simple=rivals, name=name)
    metrics = dataclasses.replace(metrics, closed_form=found.as_dict())
    refit = functools.partial(refitted_item_item, found.encoder, found.model, dataset)
    return Trained(config, found.encoder, metrics, refit)


def _prepare(
    claim: Claim, config: RunConfig, duration: Duration, dataset: Dataset, start: Run | None
) -> tuple[keras.Model, TrainingData, Checkpoint]:
    """The model as it stands before the next epoch, its batches, and where it is kept."""
    resume = (claim.path / CHECKPOINT / STATE).is_file()
    # The names of layers are in model.keras, and must not count on from another training.
    keras.utils.clear_session()
    keras.utils.set_random_seed(config.training.seed)
    checkpoint = Checkpoint(
        claim.path / CHECKPOINT,
        config.training.patience,
        resume,
        weight_settings(config),
        duration.as_dict(),
    )
    data = training_data(
        dataset.split.training,
        dataset.catalogue.size,
        config.encoder,
        config.training,
        first_epoch=len(checkpoint.history),
    )
    model = build_model(config, dataset.catalogue, data.steps_per_epoch)
    checkpoint.set_model(model)
    if resume:
        checkpoint.restore(model)
    elif start:
        carry_over(start, model.encoder, dataset.catalogue)
    return model, data, checkpoint


def _fit(
    model: keras.Model,
    data: TrainingData,
    checkpoint: Checkpoint,
    config: RunConfig,
    dataset: Dataset,
    logs: Path,
) -> str:
    """Train on; what went wrong, or an empty string."""
    done = len(checkpoint.history)
    if done >= config.training.epochs or checkpoint.out_of_patience:
        return ""
    print(
        f"{dataset.catalogue.size} items, {dataset.split.training.nrows()} histories, "
        f"{data.targets_per_epoch} targets an epoch, protocol {dataset.protocol}",
        file=sys.stderr,
    )
    warn_of_seen_targets(dataset)
    elapsed = checkpoint.history[-1]["seconds"] if done else 0.0
    queries = dataset.split.validation.sample(
        config.training.validation_users, config.training.seed
    )
    nan = StopOnNaN(checkpoint, data.steps_per_epoch)
    averaged = [AveragedWeights(checkpoint.resumed)] if config.training.average else []
    model.fit(
        data.batches,
        steps_per_epoch=data.steps_per_epoch,
        initial_epoch=done,
        epochs=config.training.epochs,
        shuffle=False,  # the pipeline has shuffled
        verbose=1 if sys.stderr.isatty() else 2,  # a bar, or one line an epoch in a log
        callbacks=[
            nan,
            *averaged,
            Validation(model.encoder, queries, elapsed),
            checkpoint,
            keras.callbacks.TensorBoard(logs, write_graph=False),
            Interruption(checkpoint),
        ],
    )
    return f"The loss was no number at step {nan.step}; training stopped." if nan.step else ""


def warn_of_seen_targets(dataset: Dataset) -> None:
    """Say on stderr how many targets no epoch can hit, because their user had seen them."""
    parts = {"validation": dataset.split.validation, "test": dataset.split.test}
    seen = {name: int(queries.seen().sum()) for name, queries in parts.items()}
    if dataset.config.repeats or not any(seen.values()):
        return
    counted = " and ".join(f"{seen[name]:,} of {len(parts[name]):,} {name}" for name in parts)
    blind = seen["validation"] == len(dataset.split.validation)
    print(
        f"warning: {counted} targets had been seen before, and count as misses"
        f"{', so that no epoch is better than another' if blind else ''}; "
        "--repeats lets seen items come up again",
        file=sys.stderr,
    )


def _report_progress(checkpoint: Checkpoint) -> None:
    why = "interrupted" if checkpoint.interrupted else "finished"
    print(
        f"{why} after epoch {len(checkpoint.history)}; kept epoch {checkpoint.best_epoch}, "
        f"the best in validation NDCG@10",
        file=sys.stderr,
    )
