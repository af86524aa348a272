"""Encoders from elsewhere: every kind is exported, answers as it should, and what is wrong is said.

Items, in this order: 30, 10, 20, 40. After an item each encoder wants the next of them: its vector
is the unit vector of that one, and the item vectors are the unit vectors too.
"""

import json
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import export
from export.__main__ import main
from export.bring_your_own import read_items
from export.foreign import ForeignEncoder
from export.lite_runner import lite_answers
from seqrec_tf.errors import InputError

IDS = [30, 10, 20, 40]
VECTORS = np.eye(4, dtype=np.float32)
NEXT = np.vstack([np.zeros(4), np.roll(np.eye(4), 1, axis=1)]).astype(np.float32)  # by row


def keras_3_model():
    rows = keras.Input([None], dtype="int32")
    table = keras.layers.Embedding(5, 4, weights=[NEXT])
    return keras.Model(rows, table(rows[:, -1]))


def tf_keras_model():
    import tf_keras

    class Last(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.table = tf_keras.layers.Embedding(5, 4)

        def call(self, rows):
            return self.table(rows[:, -1])

    model = Last()
    model(np.ones((1, 2), np.int32))
    model.set_weights([NEXT])
    return model


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.table = tf.Variable(NEXT)

    def __call__(self, rows):
        return tf.gather(self.table, rows[:, -1])


def function():
    table = tf.Variable(NEXT)

    @tf.function
    def encode(rows):
        return tf.gather(table, rows[:, -1])

    return encode


KINDS = {
    "keras 3": keras_3_model,
    "tf-keras": tf_keras_model,
    "tf.Module": Module,
    "tf.function": function,
}


class LastByMask(Module):
    """For rows padded on the right: the last that is real."""

    def __call__(self, rows, real):
        last = tf.reduce_sum(tf.cast(real, tf.int32), axis=1) - 1
        return tf.gather(self.table, tf.gather(rows, tf.maximum(last, 0), batch_dims=1))


ASK = """
import json, sys, tensorflow as tf
histories = tf.ragged.constant(json.loads(sys.argv[1]), dtype=tf.int64, ragged_rank=1)
for folder in sys.argv[2:]:
    model = tf.saved_model.load(folder)
    print(model.recommend(histories)["item_ids"].numpy()[:, 0].tolist())
"""


@pytest.fixture(scope="module")
def answers(build, tmp_path_factory) -> dict[str, list[int]]:
    """The first ids that each kind's SavedModel recommends, in a process that saw no encoder."""
    root = tmp_path_factory.mktemp("kinds")
    catalogue, order = read_items(IDS, "item_ids")
    for kind, make in KINDS.items():
        encoder = ForeignEncoder(make(), VECTORS, order, window=3)
        recommender = build.recommender(encoder, catalogue, 2, "item_ids")
        tf.saved_model.save(recommender, str(root / kind))
    asked = json.dumps([[30], [30, 10], [10, 7, 20], [40, 99], [10, 20, 30, 40]])
    done = subprocess.run(
        [sys.executable, "-c", ASK, asked, *(str(root / kind) for kind in KINDS)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(KINDS, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_encoder_answers_where_nobody_knows_it(kind, answers):
    # Of the last history three are read; all four are seen, and nothing is left.
    assert answers[kind] == [10, 20, 40, 30, 0]


def first_ids(folder, *histories) -> list[int]:
    model = tf.saved_model.load(str(folder))
    answer = model.recommend(tf.ragged.constant(histories, dtype=tf.int64, ragged_rank=1))
    return answer["item_ids"].numpy()[:, 0].tolist()


def test_masked_right_padded_and_fixed_width_encoders_and_lite(tmp_path):
    items = pd.DataFrame({"id": IDS, "title": ["C", "A", "B", "D"], "count": [1, 0, 5, 2]})
    lite, saved = export.export_savedmodel(
        LastByMask(), items, VECTORS, 3, padding="right", mask=True, fixed=True, k=2,
        output=tmp_path / "models", formats=("tflite", "savedmodel"), quantize="int8",
    )  # fmt: skip
    assert [folder.parent.name for folder in (lite, saved)] == ["seqrec-lite", "seqrec"]
    assert first_ids(saved, [30], [30, 10], [40, 10, 20], []) == [10, 20, 30, 20]
    asked = lite_answers(lite)([[30], [30, 10], [40, 10, 20], []])
    assert [ids[0] for ids, _ in asked] == [10, 20, 30, 20]


def test_a_saved_file_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    keras_3_model().save("my.keras")
    pd.DataFrame({"id": IDS}).to_json("items.jsonl", orient="records", lines=True)
    np.save("vectors.npy", VECTORS)
    files = ["--encoder", "my.keras", "--items", "items.jsonl", "--item-vectors", "vectors.npy"]
    monkeypatch.setattr(sys, "argv", ["export", *files, "--window", "3", "--k", "2"])
    main()
    assert first_ids(capsys.readouterr().out.strip(), [30], [10, 7, 20]) == [10, 40]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_vectors": np.eye(3)}, "item_vectors: expected a row for each of the 4 items"),
        ({"item_vectors": np.eye(4, dtype=int)}, "item_vectors: expected a floating array"),
        ({"item_vectors": np.full((4, 4), np.nan)}, "item_vectors[0]: expected finite"),
        ({"item_vectors": np.eye(4)[:, :3].copy()}, "encoder: expected shape (1, 3)"),
        ({"items": [1, 2, 2, 3]}, "items, row 3, column 'id': expected every id once"),
        ({"window": 0}, "window: expected a whole number from 1 on. Received: 0"),
        ({"window": 2.5}, "window: expected a whole number from 1 on. Received: 2.5"),
        ({"padding": "both"}, "padding: expected 'left' or 'right'. Received: 'both'"),
        ({"k": 5}, "--k: expected 1 to 4"),
        ({"encoder": lambda rows: tf.ones([1, 4])}, "a batch of 3 histories of 0 items"),
        ({"encoder": lambda rows: tf.gather(NEXT, rows)}, "Received: (1, "),
        ({"encoder": lambda rows: tf.gather(NEXT, rows[:, 1])}, "a batch of 1 histories of 0"),
        ({"encoder": lambda rows: tf.gather(NEXT, rows[:, 0]) / 0.0}, "expected finite vectors"),
        (
            {"encoder": lambda rows: tf.cumsum(tf.gather(NEXT, rows[:, -1]), axis=0, reverse=True)},
            "the same vector for a history alone and in a batch of 3",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(tmp_path, change, message):
    arguments = {"encoder": Module(), "items": IDS, "item_vectors": VECTORS, "window": 3, "k": 2}
    with pytest.raises(InputError) as caught:
        export.export_savedmodel(**{**arguments, **change}, output=tmp_path / "models")
    assert message in " ".join(str(caught.value).split())
    assert not [path for path in (tmp_path / "models").rglob("*") if path.is_file()]
