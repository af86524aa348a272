"""Training on two devices (`--mirrored`) takes the steps that one device takes.

Two halves of this machine's processor stand for the devices, in a process of their own, because
TensorFlow divides a processor only before its first use.
"""

import json
import shlex

import pytest
from helpers.processes import printed

from seqrec_tf.settings.config import OBJECTIVES

FLAGS = shlex.split(
    "--mirrored --interactions log.csv --run run --dim 8 --layers 1 --window 6 --batch-size 39 "
    "--length-buckets 1 --objective sampled-softmax --negatives 5 --average 0.5 --epochs 1 "
    "--min-steps 0"
)

TWO_DEVICES = """
import tensorflow as tf
half = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [half] * 2)
"""

# Nine examples in batches of three: two for one device, one for the other.
COMPARE = """
import json
import keras
import numpy as np
from types import SimpleNamespace
from seqrec_tf.settings.config import EncoderConfig, OBJECTIVES, RunConfig, TrainingConfig
from seqrec_tf.training.pipeline import training_data
from seqrec_tf.training.model import build_model

ITEMS = 12
lengths = [3, 5, 9, 2, 7, 4, 4, 2, 6]
flat = np.random.default_rng(0).integers(1, ITEMS + 1, sum(lengths)).astype(np.int32)
histories = tf.RaggedTensor.from_row_lengths(flat, lengths)
catalogue = SimpleNamespace(size=ITEMS, counts=np.bincount(flat, minlength=ITEMS + 1)[1:])
encoder = EncoderConfig(window=6, dim=8, layers=0, dropout=0.0)  # it is about the losses

def trained(objective, mirrored):
    keras.utils.set_random_seed(0)
    training = TrainingConfig(
        objective=objective, negatives=7, popularity_share=0.5, batch_size=3, epochs=1,
        length_buckets=1, mirrored=mirrored,
    )
    data = training_data(histories, ITEMS, encoder, training)
    config = RunConfig(encoder=encoder, training=training)
    model = build_model(config, catalogue, data.steps_per_epoch)
    assert model.distribute_strategy.num_replicas_in_sync == (2 if mirrored else 1)
    with model.distribute_strategy.scope():
        # Not Adam, which would not notice gradients of another size. One device can do without
        # compiling, which would take longer than the three steps.
        optimizer = keras.optimizers.SGD(0.5)
        model.compile(optimizer=optimizer, jit_compile=False, run_eagerly=not mirrored)
    history = model.fit(data.batches, steps_per_epoch=3, shuffle=False, verbose=0).history
    return model.encoder.get_weights(), history["loss"][0]

found = {}
for objective in OBJECTIVES:
    (one, loss), (two, mirrored_loss) = trained(objective, False), trained(objective, True)
    apart = max(np.abs(left - right).max() for left, right in zip(one, two, strict=True))
    found[objective] = {"apart": float(apart), "losses": [loss, mirrored_loss]}
print(json.dumps(found))
"""

# Whether the devices drop other values than each other, and each call other ones than before.
DROP = """
import json
from seqrec_tf.models.dropout import Dropout

strategy = tf.distribute.MirroredStrategy()
with strategy.scope():
    layer = Dropout(0.5)
step = tf.function(lambda: layer(tf.ones([1000]), training=True))
first, second = (strategy.run(step).values for _ in range(2))
differ = lambda one, other: bool(tf.reduce_any(one != other))
print(json.dumps([differ(*first), differ(first[0], second[0]) and differ(first[1], second[1])]))
"""

TRAIN = """
import sys
from seqrec_tf import train
sys.argv = ["train", *sys.argv[1:]]
train.main()
"""


@pytest.fixture(scope="module")
def compared() -> dict:
    """For each objective, how far the weights are apart, and both losses."""
    return json.loads(printed(TWO_DEVICES + COMPARE).splitlines()[-1])


@pytest.mark.parametrize("objective", [name for name in OBJECTIVES if name != "in-batch-softmax"])
def test_two_devices_take_the_steps_of_one(compared, objective):
    assert compared[objective]["apart"] < 1e-5
    one, two = compared[objective]["losses"]
    # What is reported weighs the devices by examples, not by targets.
    assert two == pytest.approx(one, rel=0.2)


def test_in_batch_negatives_are_those_of_the_own_device(compared):
    one, two = compared["in-batch-softmax"]["losses"]
    assert 0 < two < one  # half as many candidates to tell apart


def test_two_devices_drop_other_values():
    assert json.loads(printed(TWO_DEVICES + DROP)) == [True, True]


def test_the_command_trains_on_two_devices(tmp_path):
    # 40 histories in batches of 39: of the last batch the second device gets nothing.
    walks = {user: [(user + step) % 12 for step in range(5 + user % 4)] for user in range(40)}
    rows = [f"{user},{item},{at}" for user, walk in walks.items() for at, item in enumerate(walk)]
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    assert printed(TWO_DEVICES + TRAIN, *FLAGS, cwd=tmp_path) == "run"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["users"] == 40
    assert (tmp_path / "run" / "model.keras").is_file()
