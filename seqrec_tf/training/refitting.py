"""The same model once more, of all interactions: what is deployed after it was evaluated."""

import sys

import keras

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.simple_models import TUNING_USERS, SimpleModel, fitted, histories_of
from seqrec_tf.models import Blend, Encoder, ItemItem
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.config import RunConfig
from seqrec_tf.training.blending import companion_encoder, companion_rank
from seqrec_tf.training.callbacks import AveragedWeights
from seqrec_tf.training.continuing import carry_over
from seqrec_tf.training.item_item import item_item_encoder, narrowed
from seqrec_tf.training.model import build_model, in_float32
from seqrec_tf.training.pipeline import training_data


def refitted_network(
    config: RunConfig, dataset: Dataset, epochs: int, steps: int, start: Run | None = None
) -> Encoder:
    """A network trained as the evaluated one was, to the same place of its schedule.

    Args:
        config: of the run.
        dataset: of which all interactions are learnt from.
        epochs: after which the evaluated model was best.
        steps: of each of them; a little less than all interactions have.
        start: the run whose weights the training started from.

    Raises:
        InputError: the loss was no number.
    """
    everything, catalogue = dataset.everything, dataset.catalogue
    print(
        f"refitting on all {len(everything.flat_values):,} interactions, {epochs * steps:,} steps",
        file=sys.stderr,
    )
    keras.utils.clear_session()
    keras.utils.set_random_seed(config.training.seed)
    times = dataset.everything_times
    data = training_data(everything, catalogue.size, config.encoder, config.training, times=times)
    model = build_model(config, catalogue, steps)
    if start:
        carry_over(start, model.encoder, catalogue)
    history = model.fit(
        data.batches,
        steps_per_epoch=steps,
        epochs=epochs,
        shuffle=False,  # the pipeline has shuffled
        verbose=1 if sys.stderr.isatty() else 0,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            *([AveragedWeights(resumed=False)] if config.training.average else []),
        ],
    )
    if len(history.epoch) < epochs or history.history["loss"][-1] != history.history["loss"][-1]:
        raise InputError("--refit: the loss was no number; train without, or at a lower rate.")
    return in_float32(model.encoder, config.encoder)


def refitted_blend(
    before: Blend, network: Encoder, models: list[SimpleModel], dataset: Dataset
) -> Blend:
    """A refitted network with the same companions, of all interactions, at the same weight."""
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    rank = companion_rank(network.items)
    again = [narrowed(_of_everything(model, dataset), rank, queries) for model in models]
    companion = companion_encoder(again, network, queries)
    return Blend(network, companion, before.weight)


def refitted_item_item(before: ItemItem, model: SimpleModel, dataset: Dataset) -> ItemItem:
    """The same item-item model of all interactions."""
    queries = dataset.split.validation.sample(TUNING_USERS, seed=0)
    again = narrowed(_of_everything(model, dataset), before.dim, queries)
    return item_item_encoder(again, before.window, queries)


def _of_everything(model: SimpleModel, dataset: Dataset) -> SimpleModel:
    return fitted(model, histories_of(dataset.everything, dataset.catalogue.size))
