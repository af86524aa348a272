"""Encoders from elsewhere: every kind is exported, answers as it should, and what is wrong is said.

Items, in this order: 30, 10, 20, 40. After an item each encoder wants the next of them: its vector
is the unit vector of that one, and the item vectors are the unit vectors too.
"""

import dataclasses
import json
import random
import shutil
import subprocess
import sys
import tempfile

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import export
from export.__main__ import main
from export.bring_your_own import read_items
from export.litert.runner import lite_answers
from export.sources.foreign import ForeignEncoder
from seqrec_tf.errors import InputError

IDS = [30, 10, 20, 40]
VECTORS = np.eye(4, dtype=np.float32)
NEXT = np.vstack([np.zeros(4), np.roll(np.eye(4), 1, axis=1)]).astype(np.float32)  # by row


def keras_3_model(lookup=lambda rows: rows):
    rows = keras.Input([None], dtype="int32")
    table = keras.layers.Embedding(5, 4, weights=[NEXT])
    return keras.Model(rows, table(lookup(rows)[:, -1]))


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


WORDS = ["one", "two", "three", "four"]


def words_of(rows):
    """A query tower's input: the words of the last rows."""
    return tf.gather(tf.constant(["", *WORDS]), rows[:, -1])


def looked_up(keras, lookup):
    """A tower that finds its words in a vocabulary: rows 1 to 4 are the entries 1 to 4."""

    class Tower(keras.Model):
        def __init__(self):
            super().__init__()
            self.lookup = lookup
            self.table = keras.layers.Embedding(5, 4)

        def call(self, rows):
            return self.table(self.lookup(words_of(rows)))

    model = Tower()
    model(np.ones((1, 2), np.int32))
    model.table.set_weights([NEXT])
    return model


def tf_keras_tower_with_a_file(folder):
    import tf_keras

    path = folder / "vocabulary.txt"
    path.write_text("\n".join(WORDS))
    return looked_up(tf_keras, tf_keras.layers.StringLookup(vocabulary=str(path)))


def word_table():
    rows = tf.range(1, 5, dtype=tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(WORDS, rows), 0)


def closure_of_a_table():
    table = word_table()
    return lambda rows: tf.gather(tf.constant(NEXT), table.lookup(words_of(rows)))


@dataclasses.dataclass
class Deep:
    """Tables where TensorFlow does not look: in a list of a plain object."""

    tables: list

    def __call__(self, rows):
        return tf.gather(tf.constant(NEXT), self.tables[0]["words"].lookup(words_of(rows)))


def growing_table():
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)
    table.insert(WORDS, tf.range(1, 5, dtype=tf.int64))
    return Deep([{"words": table}])


def restored_tower(folder):
    """Somebody else's SavedModel, with a table."""
    module = tf.Module()
    module.tower = closure_of_a_table()
    module.table = module.tower.__closure__[0].cell_contents
    spec = tf.TensorSpec([None, None], tf.int32)
    module.encode = tf.function(module.tower, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "tower"))
    restored = tf.saved_model.load(str(folder / "tower"))
    return lambda rows: restored.encode(rows)


TOWERS = {
    "StringLookup": lambda folder: looked_up(keras, keras.layers.StringLookup(vocabulary=WORDS)),
    "tf-keras StringLookup of a file": tf_keras_tower_with_a_file,
    "table in a closure": lambda folder: closure_of_a_table(),
    "growing table in a list": lambda folder: growing_table(),
    "SavedModel with a table": restored_tower,
}
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
    root, elsewhere = tmp_path_factory.mktemp("kinds"), tmp_path_factory.mktemp("elsewhere")
    catalogue, order = read_items(IDS, "item_ids")
    encoders = {kind: make() for kind, make in KINDS.items()}
    encoders |= {kind: make(elsewhere) for kind, make in TOWERS.items()}
    for kind, made in encoders.items():
        encoder = ForeignEncoder(made, VECTORS, order, window=3)
        recommender = build.recommender(encoder, catalogue, 2, "item_ids")
        tf.saved_model.save(recommender, str(root / kind))
    shutil.rmtree(elsewhere)  # nothing of it is needed any more
    asked = json.dumps([[30], [30, 10], [10, 7, 20], [40, 99], [10, 20, 30, 40]])
    done = subprocess.run(
        [sys.executable, "-c", ASK, asked, *(str(root / kind) for kind in encoders)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(encoders, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("kind", [*KINDS, *TOWERS])
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
    keras_3_model(keras.layers.IntegerLookup(vocabulary=[1, 2, 3, 4])).save("my.keras")
    pd.DataFrame({"id": IDS}).to_json("items.jsonl", orient="records", lines=True)
    np.save("vectors.npy", VECTORS)
    files = ["--encoder", "my.keras", "--items", "items.jsonl", "--item-vectors", "vectors.npy"]
    monkeypatch.setattr(sys, "argv", ["export", *files, "--window", "3", "--k", "2"])
    main()
    version = capsys.readouterr().out.strip()
    assert first_ids(version, [30], [10, 7, 20]) == [10, 40]
    # Its table goes along into a version with other items.
    pd.DataFrame({"id": [40, 50], "action": ["retire", ""], "neighbours": ["", "10"]}).to_csv(
        "new.csv", index=False
    )
    flags = ["--refresh-items", "new.csv", "--version-of", version]
    monkeypatch.setattr(sys, "argv", ["export", *flags])
    main()
    assert first_ids(capsys.readouterr().out.strip(), [30], [10, 7, 20], [50]) == [10, 30, 20]


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
    assert not (tmp_path / "models").exists()


def last_of(rows):
    return tf.gather(tf.constant(NEXT), rows[:, -1])


def iterating():
    numbers = iter(tf.data.Dataset.range(1).repeat())
    return lambda rows: last_of(rows) + tf.cast(next(numbers), tf.float32)


def summarising():
    writer = tf.summary.create_file_writer(tempfile.mkdtemp())

    def encode(rows):
        with writer.as_default(step=0):
            tf.summary.scalar("asked", 1.0)
        return last_of(rows)

    return encode


def queueing():
    queue = tf.queue.FIFOQueue(1, [tf.float32], [[]])
    return lambda rows: last_of(rows) + tf.cast(queue.size(), tf.float32)


def anonymous_table():
    table = tf.lookup.experimental.MutableHashTable(
        tf.string, tf.int64, 0, experimental_is_anonymous=True
    )
    table.insert(WORDS, tf.range(1, 5, dtype=tf.int64))
    return lambda rows: tf.gather(tf.constant(NEXT), table.lookup(words_of(rows)))


def reading():
    path = tempfile.mkstemp()[1]
    return lambda rows: last_of(rows) + tf.strings.to_number(tf.io.read_file(path) + "0")


def drawing():
    generator = tf.random.Generator.from_seed(1)
    return lambda rows: last_of(rows) + generator.normal([])


UNCARRIED = {
    "py_function": (
        lambda: lambda rows: tf.py_function(last_of, [rows], tf.float32),
        "expected ops of stock TensorFlow, without Python.* Received: EagerPyFunc",
    ),
    "eager only": (
        lambda: lambda rows: tf.constant(NEXT[rows.numpy()[:, -1]]),
        "expected TensorFlow ops, which can be traced into a graph. Received: .*numpy",
    ),
    "iterator": (iterating, "Received: resource for IteratorGetNext, which nothing holds"),
    "queue": (queueing, "Received: resource for QueueSizeV2, which nothing holds"),
    "summary writer": (summarising, "Received: resource for .*WriteSummary"),
    "table of the moment": (
        lambda: lambda rows: closure_of_a_table()(rows),
        "Received: resource for LookupTableFindV2.*, which nothing holds",
    ),
    "table without a name": (anonymous_table, "it holds MutableHashTable, of which something"),
    "file": (reading, "tf.saved_model.Asset, which an artifact carries. Received: ReadFile"),
    "random generator": (drawing, "the same vectors each time .* does it draw random numbers"),
    "random": (
        lambda: lambda rows: last_of(rows) + random.random(),
        "the same vectors each time .* does it draw random numbers",
    ),
}


@pytest.mark.parametrize("kind", UNCARRIED)
def test_what_cannot_be_carried_is_said_before_anything_is_written(kind, tmp_path):
    make, message = UNCARRIED[kind]
    with pytest.raises(InputError, match=f"^encoder: .*{message}"):
        export.export_savedmodel(make(), IDS, VECTORS, 3, k=2, output=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def hashing():
    layer = keras.layers.Hashing(50)
    return lambda rows: last_of(rows) + 0 * tf.cast(layer(words_of(rows)), tf.float32)[:, None]


@pytest.mark.parametrize(
    ("make", "received"), [(closure_of_a_table, "StaticHashTable"), (hashing, "StringToHashBucket")]
)
def test_what_litert_has_no_ops_for_is_said_and_no_folder_left(make, received, tmp_path):
    with pytest.raises(InputError, match=f"^--format tflite: expected an encoder .*{received}"):
        export.export_savedmodel(
            make(), IDS, VECTORS, 3, k=2, output=tmp_path / "new/models", formats=("tflite",)
        )
    assert not (tmp_path / "new").exists()
