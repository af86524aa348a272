"""Training with Keras' `fit`: the model around an encoder, and what happens after each epoch."""

import csv
import json
import os
import signal
import time
from pathlib import Path

import keras
import tensorflow as tf

from seqrec_tf.config import TrainingConfig
from seqrec_tf.data.splits import Queries
from seqrec_tf.models import Encoder
from seqrec_tf.ranking import encoder_scorer, rank

MONITOR = "val_ndcg@10"


class NextItemModel(keras.Model):
    """An encoder with its objective, on the batches of `seqrec_tf.pipeline`."""

    def __init__(self, encoder: Encoder, objective, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.objective = objective
        self.built = True

    def call(self, inputs, training=False):
        """Encoder outputs (batch, length, dim) for `inputs["rows"]`."""
        return self.encoder(inputs["rows"], training=training)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        """The objective over positions that have a target (non-zero in `y`)."""
        real = tf.where(y > 0)
        negatives = tf.gather_nd(x["negatives"], real) if "negatives" in x else None
        targets = tf.gather_nd(y, real)
        return self.objective(self.encoder, tf.gather_nd(y_pred, real), targets, negatives)


def build_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """The optimizer that the configuration names."""
    kind = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[config.optimizer]
    return kind(config.learning_rate, beta_2=config.beta_2)


class Validation(keras.callbacks.Callback):
    """Full-catalogue ranking of the validation queries; must come before what reads its result.

    Adds `val_ndcg@10`, `val_hit_rate@10` and `seconds` (wall-clock since training began, over all
    resumes) to the epoch's logs, so that the progress bar, TensorBoard and `history.csv` show them.

    Args:
        encoder: what is trained.
        queries: the validation queries.
        elapsed: seconds that the epochs before a resume took.
    """

    def __init__(self, encoder: Encoder, queries: Queries, elapsed: float = 0.0):
        super().__init__()
        self.scorer = encoder_scorer(encoder)
        self.encoder = encoder
        self.queries = queries
        self.started = time.perf_counter() - elapsed

    def on_epoch_end(self, epoch, logs=None):
        """Rank and report."""
        metrics = rank(self.scorer, self.queries, self.encoder.items).metrics(self.encoder.items)
        logs["val_ndcg@10"] = metrics["ndcg@10"]
        logs["val_hit_rate@10"] = metrics["hit_rate@10"]
        logs["seconds"] = round(time.perf_counter() - self.started, 2)


class Checkpoint(keras.callbacks.Callback):
    """Keeps the last and the best epoch on disk, and stops when there is no progress.

    `state.json` names the weights of the last complete epoch and is replaced atomically, so a
    kill at any moment leaves a state from which `--resume` continues. Early stopping lives here
    because its patience must survive a resume.

    Args:
        folder: where to keep state and weights.
        patience: epochs without a better validation NDCG@10 before training stops.
    """

    def __init__(self, folder: Path, patience: int):
        super().__init__()
        self.folder = folder
        self.patience = patience
        self.history: list[dict[str, float]] = []
        self.interrupted = False

    @property
    def best_epoch(self) -> int | None:
        """The epoch (from 1) with the best validation NDCG@10; the earlier of equals."""
        if not self.history:
            return None
        return 1 + max(range(len(self.history)), key=lambda e: (self.history[e][MONITOR], -e))

    @property
    def out_of_patience(self) -> bool:
        """Whether the best epoch lies `patience` epochs back."""
        return bool(self.history) and len(self.history) - self.best_epoch >= self.patience

    def restore(self, model: keras.Model) -> None:
        """Load the last complete epoch into `model`, optimizer included.

        Raises:
            FileNotFoundError: there is none.
        """
        state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        model.load_weights(self.folder / state["weights"])
        for variable, value in zip(_random_states(model), state["random"], strict=True):
            variable.assign(value)
        self.history = state["history"]

    def on_epoch_end(self, epoch, logs=None):
        """Write the epoch down; an interrupted one is not complete and is left out."""
        if self.interrupted and self.history:
            return
        self.history.append({name: float(value) for name, value in logs.items()})
        if self.best_epoch == len(self.history):
            self._save_weights("best.weights.h5")
        self._save_state(epoch)
        if self.out_of_patience:
            self.model.stop_training = True

    def load_best(self) -> None:
        """Put the best epoch's weights into the model."""
        self.model.load_weights(self.folder / "best.weights.h5")

    def _save_weights(self, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"partial-{name}"
        self.model.save_weights(partial, overwrite=True)
        os.replace(partial, self.folder / name)

    def _save_state(self, epoch: int) -> None:
        name = f"epoch-{epoch + 1}.weights.h5"
        self._save_weights(name)
        partial = self.folder / "partial-state.json"
        random = [variable.numpy().tolist() for variable in _random_states(self.model)]
        state = {"weights": name, "random": random, "history": self.history}
        partial.write_text(json.dumps(state))
        os.replace(partial, self.folder / "state.json")
        for old in self.folder.glob("epoch-*.weights.h5"):
            if old.name != name:
                old.unlink()


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """Where the dropout layers stand in their random numbers; `save_weights` leaves it out."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]


class Interruption(keras.callbacks.Callback):
    """The first SIGINT stops after the current step; the second one stops at once."""

    def __init__(self, checkpoint: Checkpoint):
        super().__init__()
        self.checkpoint = checkpoint
        self.previous = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_):
        self.checkpoint.interrupted = True
        signal.signal(signal.SIGINT, self.previous)

    def on_train_batch_end(self, batch, logs=None):
        """Stop training; `fit` then ends the epoch as usual."""
        if self.checkpoint.interrupted:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Give SIGINT back."""
        signal.signal(signal.SIGINT, self.previous)


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write `history.csv`: one line an epoch."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["epoch", *history[0]])
        writer.writeheader()
        writer.writerows({"epoch": e, **row} for e, row in enumerate(history, start=1))
