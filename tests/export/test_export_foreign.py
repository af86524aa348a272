"""Encoders from elsewhere: every kind is exported, answers as it should, and what is wrong is said.

Items, in this order: 30, 10, 20, 40. After an item each encoder wants the next of them: its vector
is the unit vector of that one, and the item vectors are the unit vectors too.
"""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import export
from seqrec_tf.errors import InputError

IDS = [30, 10, 20, 40]
VECTORS = np.eye(4, dtype=np.float32)
FILES = ["--items", "items.csv", "--item-vectors", "vectors.npy"]
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


def last_by_mask(rows, real):
    """For rows padded on the right: the last that is real."""
    last = tf.reduce_sum(tf.cast(real, tf.int32), axis=1) - 1
    return tf.gather(NEXT, tf.gather(rows, tf.maximum(last, 0), batch_dims=1))


def first_ids(folder, *histories) -> list[int]:
    model = tf.saved_model.load(str(folder))
    answer = model.recommend(tf.ragged.constant(histories, dtype=tf.int64, ragged_rank=1))
    return answer["item_ids"].numpy()[:, 0].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_encoder_is_exported_proven_and_answers(kind, tmp_path):
    (folder,) = export.export_savedmodel(
        KINDS[kind](), IDS, VECTORS, window=3, k=2, output=tmp_path / "models"
    )
    assert first_ids(folder, [30], [30, 10], [10, 7, 20], [40, 99]) == [10, 20, 40, 30]


def test_masked_right_padded_and_fixed_width_encoders_and_lite(tmp_path):
    folders = export.export_savedmodel(
        last_by_mask, IDS, VECTORS, 3, padding="right", mask=True, fixed=True, k=2,
        output=tmp_path / "models", formats=("tflite", "savedmodel"), quantize="int8",
    )  # fmt: skip
    assert [folder.parent.name for folder in folders] == ["seqrec-lite", "seqrec"]
    assert first_ids(folders[1], [30], [30, 10], [40, 10, 20]) == [10, 20, 30]


def test_titles_and_counts_of_a_table(tmp_path):
    items = pd.DataFrame({"id": ["b", "a", "c"], "title": ["B", "A", "C"], "count": [1, 5, 2]})
    items.to_csv(tmp_path / "items.csv", index=False)
    (folder,) = export.export_savedmodel(
        lambda rows: tf.one_hot(rows[:, -1] - 1, 3), tmp_path / "items.csv", np.eye(3), 2, k=3,
        output=tmp_path / "models",
    )  # fmt: skip
    model = tf.saved_model.load(str(folder))
    answer = model.recommend(tf.ragged.constant([[""]], tf.string))
    assert answer["titles"].numpy().tolist() == [[b"A", b"C", b"B"]]  # nobody's history: by count


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_vectors": np.eye(3)}, "item_vectors: expected a row for each of the 4 items"),
        ({"item_vectors": np.eye(4, dtype=int)}, "item_vectors: expected a floating array"),
        ({"item_vectors": np.full((4, 4), np.nan)}, "item_vectors, row 0: expected finite"),
        ({"item_vectors": np.eye(4)[:, :3].copy()}, "encoder: expected shape (1, 3)"),
        ({"items": [1, 2, 2, 3]}, "items: expected every id once. Received: 2 twice"),
        ({"items": [1, 0, 2, 3]}, "items: expected positive ids. Received: 0"),
        ({"items": [1, "a", 2, 3]}, "items: expected ids that are all"),
        ({"items": pd.DataFrame({"item": IDS})}, "items: expected the columns id, title, count"),
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


def test_a_saved_file_on_the_command_line(build, tmp_path):
    keras_3_model().save(tmp_path / "my.keras")
    pd.DataFrame({"id": IDS}).to_csv(tmp_path / "items.csv", index=False)
    np.save(tmp_path / "vectors.npy", VECTORS)
    command = ["export", "--encoder", "my.keras", *FILES, "--window", 3, "--k", 2]
    done = build.run_module(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert first_ids(tmp_path / done.stdout.strip(), [30], [10, 7, 20]) == [10, 40]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--encoder", "my.keras"], "--encoder: expected --items with it"),
        (
            ["--encoder", "my.keras", "--items", "i", "--item-vectors", "v", "--window", 0],
            "--window",
        ),
        (
            ["--encoder", "my.h5", "--items", "i", "--item-vectors", "v", "--window", 1],
            "NAME.keras",
        ),
    ],
)
def test_what_is_missing_on_the_command_line_is_said(build, tmp_path, flags, message):
    done = build.run_module("export", *flags, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and message in done.stderr
