"""What happens between the steps and after each epoch of Keras' `fit`."""

import csv
import json
import math
import os
import shutil
import time
from pathlib import Path

import keras

from seqrec_tf import interrupts
from seqrec_tf.data.splits import Queries
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.ranking import encoder_scorer, rank
from seqrec_tf.folders import sync_entry
from seqrec_tf.json_files import read_json
from seqrec_tf.models import Encoder
from seqrec_tf.runs.changes import STATE
from seqrec_tf.settings.config import RESUMABLE, flag

MONITOR = "val_ndcg@10"

Logs = dict[str, float]  # metric -> its value in the epoch so far


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

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Rank and report."""
        metrics = rank(self.scorer, self.queries, self.encoder.items).metrics(self.encoder.items)
        logs["val_ndcg@10"] = metrics["ndcg@10"]
        logs["val_hit_rate@10"] = metrics["hit_rate@10"]
        logs["seconds"] = round(time.perf_counter() - self.started, 2)


class AveragedWeights(keras.callbacks.Callback):
    """Between epochs the model holds the optimizer's moving average of its weights.

    So validation, checkpoints and the final model are the average's, and training goes on with
    the weights it had. Must come before what reads the weights after an epoch.
    """

    def __init__(self, resumed: bool):
        super().__init__()
        self.averaged = resumed  # a checkpoint was written between epochs

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Back to the weights of the last step."""
        if self.averaged:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """On to their average."""
        self._swap()

    def _swap(self) -> None:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        averages = optimizer._model_variables_moving_average
        for variable, average in zip(self.model.trainable_variables, averages, strict=True):
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)
        self.averaged = not self.averaged


class StopOnNaN(keras.callbacks.Callback):
    """Stops at the first loss that is not finite; the epoch does not count.

    Attributes:
        step: the step, from 1, over all epochs; None while all is well.
    """

    def __init__(self, checkpoint: "Checkpoint", steps_per_epoch: int):
        super().__init__()
        self.checkpoint = checkpoint
        self.steps_per_epoch = steps_per_epoch
        self.epoch = 0
        self.step: int | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember which epoch the steps belong to."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the loss; it is the epoch's running mean, which a NaN never leaves."""
        if not math.isfinite(logs["loss"]):
            self.step = self.epoch * self.steps_per_epoch + batch + 1
            self.checkpoint.discard = True
            self.model.stop_training = True


class Checkpoint(keras.callbacks.Callback):
    """Keeps the last and the best epoch on disk, and stops when there is no progress.

    `state.json` names the weights of the last complete epoch and of the best, and is replaced
    atomically, so a kill at any moment leaves a state from which `--resume` continues. Early
    stopping lives here because its patience must survive a resume.

    Args:
        folder: where to keep state and weights.
        patience: epochs without a better validation NDCG@10 before training stops; None: never.
        resume: whether to go on from the state in the folder.
        settings: what the weights depend on, section -> field -> value; kept with the state.
        duration: how long to train, asked for and in force; kept with the state.

    Raises:
        FileNotFoundError: there is no state to resume from.
        InputError: the state is of other settings, or damaged.
    """

    def __init__(
        self,
        folder: Path,
        patience: int | None,
        resume: bool = False,
        settings: dict | None = None,
        duration: dict | None = None,
    ):
        super().__init__()
        self.folder = folder
        self.patience = patience
        self.resumed = resume
        self.state = {"best": "best.weights.h5"} | read_json(self._state_file) if resume else {}
        self.settings = settings or {}
        self.duration = duration or {}
        self._require_same_settings()
        self.history: list[dict[str, float]] = self.state.get("history", [])
        self.interrupted = False
        self.discard = False

    @property
    def best_epoch(self) -> int | None:
        """The epoch (from 1) with the best validation NDCG@10; the earlier of equals."""
        if not self.history:
            return None
        return 1 + max(range(len(self.history)), key=lambda e: (self.history[e][MONITOR], -e))

    @property
    def out_of_patience(self) -> bool:
        """Whether the best epoch lies `patience` epochs back."""
        best = self.best_epoch
        if best is None or self.patience is None:
            return False
        return len(self.history) - best >= self.patience

    @property
    def _state_file(self) -> Path:
        return self.folder / STATE

    def _require_same_settings(self) -> None:
        for section, values in self.state.get("settings", {}).items():
            for name in sorted(set(values) - set(RESUMABLE)):
                value, now = values[name], self.settings[section][name]
                if now != value:
                    raise InputError(
                        f"--resume: {self._state_file} is of a run with {flag(name)} {value}; "
                        f"expected the same. Received: {now}."
                    )

    def restore(self, model: keras.Model) -> None:
        """Load the last complete epoch into `model`, optimizer included.

        Raises:
            InputError: the state is damaged.
        """
        try:
            model.load_weights(self.folder / self.state["weights"])
            for variable, value in zip(_random_states(model), self.state["random"], strict=True):
                variable.assign(value)
        except (KeyError, OSError, ValueError) as error:
            raise InputError(
                f"--resume: {self.folder}: expected the state of a run that was stopped. "
                f"Received: {type(error).__name__}: {error}."
            ) from error

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the epoch down; an interrupted one is not complete and is left out.

        But where there is no complete epoch yet, an interrupted one is better than none.
        """
        if self.discard or (self.interrupted and self.history):
            return
        self.history.append({name: float(value) for name, value in logs.items()})
        self._save_state(epoch)
        if self.out_of_patience:
            self.model.stop_training = True

    def load_best(self) -> None:
        """Put the best epoch's weights into the model."""
        self.model.load_weights(self.folder / self.state["best"])

    def _save_state(self, epoch: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"epoch-{epoch + 1}.weights.h5"
        best = name if self.best_epoch == len(self.history) else self.state["best"]
        partial = self.folder / "partial.weights.h5"
        self.model.save_weights(partial, overwrite=True)
        _put(partial, self.folder / name)
        random = [variable.numpy().tolist() for variable in _random_states(self.model)]
        self.state = {
            **{"weights": name, "best": best, "random": random},
            **{"history": self.history, "settings": self.settings, "duration": self.duration},
        }
        partial = self.folder / "partial-state.json"
        partial.write_text(json.dumps(self.state))
        _put(partial, self._state_file)
        for old in self.folder.glob("*.weights.h5"):
            if old.name not in (name, best):
                old.unlink()


def take_over(source: Path, folder: Path) -> None:
    """Let the state that is in `source` be that of `folder`: the weights first, atomically."""
    for weights in source.glob("*.weights.h5"):
        shutil.copy2(weights, folder / weights.name)
        sync_entry(folder / weights.name)
    partial = folder / "partial-state.json"
    shutil.copy2(source / STATE, partial)
    _put(partial, folder / STATE)


def _put(partial: Path, path: Path) -> None:
    """Rename a file that is whole, also after a power cut."""
    sync_entry(partial)
    os.replace(partial, path)
    sync_entry(path.parent)


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """Where the dropout layers stand in their random numbers; `save_weights` leaves it out."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]


class Interruption(keras.callbacks.Callback):
    """The first SIGINT stops after the current step; the second one stops at once."""

    def __init__(self, checkpoint: Checkpoint):
        super().__init__()
        self.checkpoint = checkpoint
        self._stop_waiting = interrupts.once(self._interrupt)

    def _interrupt(self) -> None:
        self.checkpoint.interrupted = True

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop training; `fit` then ends the epoch as usual."""
        if self.checkpoint.interrupted:
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Give SIGINT back."""
        self._stop_waiting()


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write `history.csv`: one line an epoch."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["epoch", *history[0]])
        writer.writeheader()
        writer.writerows({"epoch": e, **row} for e, row in enumerate(history, start=1))
