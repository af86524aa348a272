"""Train epoch by epoch: a training that can stop after any of them, and go on from there."""

import sys
from dataclasses import dataclass
from pathlib import Path

import keras

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.evaluation.seen_targets import warn_of_seen_targets
from seqrec_tf.runs.changes import STATE
from seqrec_tf.runs.directory import Run
from seqrec_tf.settings.config import RunConfig, weight_settings
from seqrec_tf.training.callbacks import (
    AveragedWeights,
    Checkpoint,
    Interruption,
    StopOnNaN,
    Validation,
)
from seqrec_tf.training.continuing import carry_over
from seqrec_tf.training.duration import Duration
from seqrec_tf.training.model import NextItemModel, build_model
from seqrec_tf.training.pipeline import TrainingData, training_data


@dataclass(frozen=True)
class Training:
    """A model as it stands before its next epoch, its batches, and where it is kept."""

    config: RunConfig
    dataset: Dataset
    model: NextItemModel
    data: TrainingData
    checkpoint: Checkpoint

    @property
    def done(self) -> bool:
        """Whether no epoch is to be trained any more."""
        checkpoint, epochs = self.checkpoint, len(self.checkpoint.history)
        over = epochs >= self.config.training.epochs or checkpoint.out_of_patience
        return over or checkpoint.interrupted

    def until(self, last: int, logs: Path) -> str:
        """Train until so many epochs are done, the patience is spent, or SIGINT.

        Returns:
            What went wrong, or an empty string.
        """
        config, history = self.config.training, self.checkpoint.history
        if self.done or len(history) >= last:
            return ""
        elapsed = history[-1]["seconds"] if history else 0.0
        queries = self.dataset.split.validation.sample(config.validation_users, config.seed)
        nan = StopOnNaN(self.checkpoint, self.data.steps_per_epoch)
        self.model.fit(
            self.data.batches,
            steps_per_epoch=self.data.steps_per_epoch,
            initial_epoch=len(history),
            epochs=last,
            shuffle=False,  # the pipeline has shuffled
            verbose=1 if sys.stderr.isatty() else 2,  # a bar, or one line an epoch in a log
            callbacks=[
                nan,
                *([AveragedWeights(self.checkpoint.resumed)] if config.average else []),
                Validation(self.model.encoder, queries, elapsed),
                self.checkpoint,
                keras.callbacks.TensorBoard(logs, write_graph=False),
                Interruption(self.checkpoint),
            ],
        )
        return f"The loss was no number at step {nan.step}; training stopped." if nan.step else ""

    def announce(self) -> None:
        """Say on stderr what is trained on, and what no epoch can hit."""
        print(
            f"{self.dataset.catalogue.size} items, {self.dataset.split.training.nrows()} "
            f"histories, {self.data.targets_per_epoch} targets an epoch, protocol "
            f"{self.dataset.protocol}",
            file=sys.stderr,
        )
        warn_of_seen_targets(self.dataset)


def prepare(
    folder: Path,
    config: RunConfig,
    duration: Duration,
    dataset: Dataset,
    start: Run | None = None,
) -> Training:
    """A training that begins, or that goes on with the state that is in the folder.

    Args:
        folder: where state and weights are kept.
        config: its settings.
        duration: how long to train.
        dataset: the data, of the same configuration.
        start: the run whose weights to start from.
    """
    resume = (folder / STATE).is_file()
    # The names of layers are in model.keras, and must not count on from another training.
    keras.utils.clear_session()
    keras.utils.set_random_seed(config.training.seed)
    checkpoint = Checkpoint(
        folder, config.training.patience, resume, weight_settings(config), duration.as_dict()
    )
    data = training_data(
        dataset.split.training,
        dataset.catalogue.size,
        config.encoder,
        config.training,
        first_epoch=len(checkpoint.history),
        times=dataset.split.times,
    )
    model = build_model(config, dataset.catalogue, data.steps_per_epoch)
    checkpoint.set_model(model)
    if resume:
        checkpoint.restore(model)
    elif start:
        carry_over(start, model.encoder, dataset.catalogue)
    return Training(config, dataset, model, data, checkpoint)
