"""The Keras model around an encoder: what its loss reads, and which epoch is kept."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf.config import EncoderConfig, TrainingConfig
from seqrec_tf.losses import build_objective
from seqrec_tf.models import build_encoder
from seqrec_tf.training import MONITOR, Checkpoint, NextItemModel, build_optimizer, write_history

ITEMS = 9
CONFIG = EncoderConfig(window=6, dim=4, layers=1, dropout=0.0)


def _model(objective: str = "full-softmax") -> NextItemModel:
    keras.utils.set_random_seed(0)
    model = NextItemModel(build_encoder(CONFIG, ITEMS), build_objective(objective, np.ones(ITEMS)))
    model.compile(optimizer=build_optimizer(TrainingConfig(optimizer="adamw")))
    model.optimizer.build(model.trainable_variables)
    return model


def _loss(model, rows, targets, negatives=None) -> float:
    inputs = {"rows": tf.constant(rows)}
    if negatives is not None:
        inputs["negatives"] = tf.constant(negatives)
    return float(model.compute_loss(inputs, tf.constant(targets), model(inputs)))


@pytest.mark.parametrize("objective", ["full-softmax", "in-batch-softmax"])
def test_padding_takes_no_part_in_the_loss(objective):
    model = _model(objective)
    narrow = _loss(model, [[1, 2, 3], [4, 5, 0]], [[2, 3, 4], [5, 6, 0]])
    wide = _loss(model, [[1, 2, 3, 0, 0], [4, 5, 0, 0, 0]], [[2, 3, 4, 0, 0], [5, 6, 0, 0, 0]])
    assert narrow == pytest.approx(wide, abs=1e-5)


def test_the_negatives_of_padding_take_no_part_in_the_loss():
    model = _model("bce")
    rows, targets = [[1, 2, 0]], [[2, 3, 0]]
    loss = _loss(model, rows, targets, [[[7], [8], [1]]])
    assert loss == pytest.approx(_loss(model, rows, targets, [[[7], [8], [9]]]), abs=1e-7)
    assert loss != pytest.approx(_loss(model, rows, targets, [[[7], [9], [1]]]), abs=1e-7)


def test_only_positions_with_a_target_take_part_in_the_loss():
    model = _model()
    both = [_loss(model, [[1, 2]], [[2, 0]]), _loss(model, [[1, 2]], [[0, 3]])]
    assert _loss(model, [[1, 2]], [[2, 3]]) == pytest.approx(np.mean(both), abs=1e-5)


def test_the_optimizer_is_the_configured_one():
    adam = build_optimizer(TrainingConfig(learning_rate=0.25, beta_2=0.5))
    assert type(adam) is keras.optimizers.Adam
    assert (float(adam.learning_rate), adam.beta_2) == (0.25, 0.5)
    assert type(build_optimizer(TrainingConfig(optimizer="adamw"))) is keras.optimizers.AdamW


def _finish_epochs(checkpoint, model, scores) -> list[bool]:
    """End an epoch for each validation score; whether training was told to stop after it."""
    stopped = []
    for epoch, score in enumerate(scores, start=len(checkpoint.history)):
        # The item table says which epoch the weights are of.
        model.encoder.embedding.embeddings.assign(tf.fill([ITEMS + 1, 4], float(epoch + 1)))
        model.stop_training = False
        checkpoint.on_epoch_end(epoch, {"loss": 1.0, MONITOR: score})
        stopped.append(model.stop_training)
    return stopped


def _checkpoint(folder, model, patience: int) -> Checkpoint:
    checkpoint = Checkpoint(folder, patience)
    checkpoint.set_model(model)
    return checkpoint


def test_the_best_epoch_is_kept_and_patience_counts_from_it(tmp_path):
    model = _model()
    checkpoint = _checkpoint(tmp_path, model, patience=2)
    # Epoch 3 only equals epoch 2, so epoch 2 stays the best; two epochs later patience is spent.
    assert _finish_epochs(checkpoint, model, [0.1, 0.3, 0.3, 0.2]) == [False, False, False, True]
    assert checkpoint.best_epoch == 2
    checkpoint.load_best()
    assert float(model.encoder.item_table()[0, 0]) == 2


def test_patience_survives_a_resume(tmp_path):
    model = _model()
    _finish_epochs(_checkpoint(tmp_path, model, patience=3), model, [0.3, 0.2])
    resumed = _checkpoint(tmp_path, _model(), patience=3)
    resumed.restore(resumed.model)
    assert float(resumed.model.encoder.item_table()[0, 0]) == 2  # the last epoch, not the best
    assert (len(resumed.history), resumed.best_epoch, resumed.out_of_patience) == (2, 1, False)
    assert _finish_epochs(resumed, resumed.model, [0.2, 0.1]) == [False, True]
    resumed.load_best()
    assert float(resumed.model.encoder.item_table()[0, 0]) == 1


def test_the_folder_holds_the_last_and_the_best_epoch_only(tmp_path):
    model = _model()
    _finish_epochs(_checkpoint(tmp_path, model, patience=9), model, [0.3, 0.2, 0.1])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"state.json", "best.weights.h5", "epoch-3.weights.h5"}
    assert json.loads((tmp_path / "state.json").read_text())["weights"] == "epoch-3.weights.h5"


def test_an_interrupted_epoch_is_left_out_unless_it_is_the_first(tmp_path):
    model = _model()
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
