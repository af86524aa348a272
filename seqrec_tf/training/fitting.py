"""Fit an encoder on a dataset and write everything a run directory holds."""

import dataclasses
import functools
import sys
from collections.abc import Callable

import keras

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.measuring import measure
from seqrec_tf.evaluation.ranking import encoder_ndcg
from seqrec_tf.evaluation.seen_targets import warn_of_seen_targets
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel, simple_models
from seqrec_tf.models import Blend, Encoder
from seqrec_tf.runs.changes import CHECKPOINT, Claim
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.config import EncoderConfig, RunConfig
from seqrec_tf.training.blending import blend
from seqrec_tf.training.callbacks import Checkpoint
from seqrec_tf.training.closed_form import ClosedForm, best_closed_form, closed_form
from seqrec_tf.training.duration import Duration
from seqrec_tf.training.epochs import prepare
from seqrec_tf.training.finishing import Trained, finish
from seqrec_tf.training.model import in_float32
from seqrec_tf.training.refitting import refitted_blend, refitted_item_item, refitted_network
from seqrec_tf.training.searching import searched


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
    interrupted = False
    if start is None:
        config, interrupted = searched(claim, config, duration, dataset)
    training = prepare(claim.path / CHECKPOINT, config, duration, dataset, start)
    training.checkpoint.interrupted = interrupted
    if not training.done:
        training.announce()
    failure = training.until(config.training.epochs, claim.path / "logs")
    model, data, checkpoint = training.model, training.data, training.checkpoint
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
    """The network, with the item-item models beside it if they are wanted and help."""
    encoder, blending = blend(network, dataset, simple) if config.encoder.blend else (network, None)
    metrics = measure(encoder, dataset, simple=simple)
    if blending is None or not isinstance(encoder, Blend):
        return Trained(config, encoder, metrics, refit)
    metrics = dataclasses.replace(metrics, blend=dataclasses.asdict(blending))

    def refit_all() -> Encoder:
        companions = [
            dataclasses.replace(model, settings=blending.companions[model.name]) for model in simple
        ]
        return refitted_blend(encoder, refit(), companions, dataset)

    return Trained(config, encoder, metrics, refit_all)


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


def _report_progress(checkpoint: Checkpoint) -> None:
    why = "interrupted" if checkpoint.interrupted else "finished"
    print(
        f"{why} after epoch {len(checkpoint.history)}; kept epoch {checkpoint.best_epoch}, "
        f"the best in validation NDCG@10",
        file=sys.stderr,
    )
