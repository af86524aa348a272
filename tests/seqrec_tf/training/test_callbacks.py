"""What happens after steps and epochs: which weights are kept, and when training stops."""

import json

import keras
import numpy as np
import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.training.callbacks import (
    MONITOR,
    AveragedWeights,
    Checkpoint,
    StopOnNaN,
    write_history,
)


class Falling(keras.Model):
    """One weight that is its own loss: every step of plain gradient descent takes 1 off it."""

    def __init__(self, scaled: bool = False):
        super().__init__()
        self.height = self.add_weight(shape=(), initializer="zeros")
        self.built = True
        optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
        if scaled:  # as Keras does for mixed_float16
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=8.0)
        self.compile(optimizer=optimizer)
        self.optimizer.build(self.trainable_variables)

    def call(self, inputs):
        return inputs + self.height

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return 1.0 * self.height

    def fit_epochs(self, first: int, last: int, *callbacks) -> None:
        """Three steps an epoch."""
        data = {"x": np.zeros([3, 1]), "y": np.zeros([3, 1]), "batch_size": 1, "verbose": 0}
        self.fit(**data, initial_epoch=first, epochs=last, callbacks=list(callbacks))


class _Heights(keras.callbacks.Callback):
    """Notes the weight before every step and after every epoch, and gives epochs a score."""

    def __init__(self):
        super().__init__()
        self.before_steps, self.after_epochs = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.before_steps.append(float(self.model.height))

    def on_epoch_end(self, epoch, logs=None):
        self.after_epochs.append(float(self.model.height))
        logs[MONITOR] = 0.1 * epoch


# After each step the average moves half the way to the weight, from the weight of step 1.
AVERAGES = [-1, -1.5, -2.25, -3.125, -4.0625, -5.03125]


@pytest.mark.parametrize("scaled", [False, True])
def test_an_epoch_ends_with_the_average_and_the_next_goes_on_without_it(scaled):
    heights = _Heights()
    Falling(scaled).fit_epochs(0, 2, AveragedWeights(resumed=False), heights)
    assert heights.before_steps == [0, -1, -2, -3, -4, -5]
    assert heights.after_epochs == [AVERAGES[2], AVERAGES[5]]


def test_the_average_survives_a_resume(tmp_path):
    first = [AveragedWeights(resumed=False), _Heights(), Checkpoint(tmp_path, patience=9)]
    Falling().fit_epochs(0, 1, *first)
    model, heights = Falling(), _Heights()
    checkpoint = Checkpoint(tmp_path, patience=9, resume=True)
    checkpoint.restore(model)
    model.fit_epochs(1, 2, AveragedWeights(resumed=True), heights, checkpoint)
    assert heights.before_steps == [-3, -4, -5]
    assert heights.after_epochs == [AVERAGES[5]]


def test_the_average_is_what_a_checkpoint_keeps(tmp_path):
    checkpoint = Checkpoint(tmp_path, patience=9)
    model = Falling()
    model.fit_epochs(0, 2, AveragedWeights(resumed=False), _Heights(), checkpoint)
    checkpoint.load_best()
    assert checkpoint.best_epoch == 2 and float(model.height) == AVERAGES[5]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_training_and_its_epoch_does_not_count(tmp_path, loss):
    model, checkpoint = Falling(), Checkpoint(tmp_path, patience=9)
    stop = StopOnNaN(checkpoint, steps_per_epoch=5)
    for callback in (stop, checkpoint):
        callback.set_model(model)
    stop.on_epoch_begin(2)
    stop.on_train_batch_end(2, {"loss": 3.5})
    assert stop.step is None and not model.stop_training
    stop.on_train_batch_end(3, {"loss": loss})
    assert stop.step == 2 * 5 + 3 + 1  # Keras counts from 0
    assert model.stop_training
    checkpoint.on_epoch_end(2, {"loss": loss, MONITOR: 0.9})
    assert checkpoint.history == [] and not list(tmp_path.iterdir())


def _finish_epochs(checkpoint, model, scores) -> list[bool]:
    """End an epoch for each validation score; whether training was told to stop after it."""
    stopped = []
    for epoch, score in enumerate(scores, start=len(checkpoint.history)):
        model.height.assign(epoch + 1)  # so the weight says which epoch it is of
        model.stop_training = False
        checkpoint.on_epoch_end(epoch, {"loss": 1.0, MONITOR: score})
        stopped.append(model.stop_training)
    return stopped


def _checkpoint(folder, model, patience: int) -> Checkpoint:
    checkpoint = Checkpoint(folder, patience)
    checkpoint.set_model(model)
    return checkpoint


def test_the_best_epoch_is_kept_and_patience_counts_from_it(tmp_path):
    model = Falling()
    checkpoint = _checkpoint(tmp_path, model, patience=2)
    # Epoch 3 only equals epoch 2, so epoch 2 stays the best; two epochs later patience is spent.
    assert _finish_epochs(checkpoint, model, [0.1, 0.3, 0.3, 0.2]) == [False, False, False, True]
    assert checkpoint.best_epoch == 2
    checkpoint.load_best()
    assert float(model.height) == 2


def test_patience_survives_a_resume(tmp_path):
    model = Falling()
    _finish_epochs(_checkpoint(tmp_path, model, patience=3), model, [0.3, 0.2])
    resumed = Checkpoint(tmp_path, patience=3, resume=True)
    resumed.set_model(Falling())
    resumed.restore(resumed.model)
    assert float(resumed.model.height) == 2  # the last epoch, not the best
    assert (len(resumed.history), resumed.best_epoch, resumed.out_of_patience) == (2, 1, False)
    assert _finish_epochs(resumed, resumed.model, [0.2, 0.1]) == [False, True]
    resumed.load_best()
    assert float(resumed.model.height) == 1


def test_there_is_nothing_to_resume_in_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        Checkpoint(tmp_path, patience=3, resume=True)


@pytest.mark.parametrize("damage", ["state.json", "epoch-1.weights.h5"])
def test_a_damaged_state_is_named(tmp_path, damage):
    model = Falling()
    _finish_epochs(_checkpoint(tmp_path, model, patience=3), model, [0.3])
    (tmp_path / damage).write_text("{}")
    checkpoint = Checkpoint(tmp_path, patience=3, resume=True)
    with pytest.raises(InputError, match=f"--resume: {tmp_path}: expected the state of a run"):
        checkpoint.restore(model)


def test_the_folder_holds_the_last_and_the_best_epoch_only(tmp_path):
    model = Falling()
    _finish_epochs(_checkpoint(tmp_path, model, patience=9), model, [0.3, 0.2, 0.1])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"state.json", "epoch-1.weights.h5", "epoch-3.weights.h5"}
    state = json.loads((tmp_path / "state.json").read_text())
    assert (state["best"], state["weights"]) == ("epoch-1.weights.h5", "epoch-3.weights.h5")


def test_a_kill_between_weights_and_state_leaves_the_best_that_the_state_names(
    tmp_path, monkeypatch
):
    model = Falling()
    checkpoint = _checkpoint(tmp_path, model, patience=9)
    _finish_epochs(checkpoint, model, [0.1])

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", killed)
    with pytest.raises(KeyboardInterrupt):
        _finish_epochs(checkpoint, model, [0.9])
    resumed = Checkpoint(tmp_path, patience=9, resume=True)
    resumed.set_model(Falling())
    resumed.load_best()
    assert (resumed.best_epoch, float(resumed.model.height)) == (1, 1)


def test_the_best_epoch_of_an_older_state_is_found(tmp_path):
    model = Falling()
    _finish_epochs(_checkpoint(tmp_path, model, patience=9), model, [0.3, 0.2])
    (tmp_path / "epoch-1.weights.h5").rename(tmp_path / "best.weights.h5")
    state = json.loads((tmp_path / "state.json").read_text())
    del state["best"], state["duration"]
    state["settings"] = {"training": {"min_steps": 4000, "epochs": 7}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    resumed = Checkpoint(tmp_path, patience=9, resume=True)
    resumed.set_model(Falling())
    resumed.load_best()
    assert float(resumed.model.height) == 1
    _finish_epochs(resumed, resumed.model, [0.1])
    resumed.load_best()
    assert float(resumed.model.height) == 1


def test_an_interrupted_epoch_is_left_out_unless_it_is_the_first(tmp_path):
    model = Falling()
    checkpoint = _checkpoint(tmp_path, model, patience=9)
    checkpoint.interrupted = True
    _finish_epochs(checkpoint, model, [0.1])
    assert len(checkpoint.history) == 1
    _finish_epochs(checkpoint, model, [0.9])
    assert len(checkpoint.history) == 1
    assert checkpoint.best_epoch == 1


def test_history_is_a_line_an_epoch(tmp_path):
    write_history(tmp_path / "history.csv", [{"loss": 2.5, MONITOR: 0.1}, {"loss": 2, MONITOR: 0}])
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines == ["epoch,loss,val_ndcg@10", "1,2.5,0.1", "2,2,0"]
