"""The SavedModel in the hands of other programs: each answers as the restored signature does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

HISTORIES = [[22, 88, 0], [99, 0, 0]]


@pytest.fixture(scope="module")
def expected(saved):
    serve = saved["int64"].model.signatures["serving_default"]
    answer = serve(movie_ids=tf.constant(HISTORIES, tf.int64))
    return {name: value.numpy() for name, value in answer.items()}


def check(answer: dict, expected: dict) -> None:
    assert answer.keys() == expected.keys()
    for name, value in expected.items():
        assert np.asarray(answer[name]).tolist() == value.tolist()


def test_keras_3_reads_it_as_a_layer(saved, expected):
    layer = keras.layers.TFSMLayer(str(saved["int64"].folder), call_endpoint="serving_default")
    check(layer(tf.constant(HISTORIES, tf.int64)), expected)


def test_tf_keras_reads_it_as_a_layer(saved, expected):
    code = """
import sys, json, tf_keras, tensorflow as tf, numpy as np
loaded = tf.saved_model.load(sys.argv[1])
signature = loaded.signatures["serving_default"]
ids = tf_keras.Input([None], dtype=tf.int64, name="movie_ids")
answer = tf_keras.layers.Lambda(lambda rows: signature(movie_ids=rows))(ids)
model = tf_keras.Model(ids, answer)
found = model.predict(np.array(json.loads(sys.argv[2]), np.int64), verbose=0)
print(json.dumps({name: value.tolist() for name, value in found.items() if name != "titles"}))
"""
    done = run([sys.executable, "-c", code, saved["int64"].folder, str(HISTORIES)])
    found = json.loads(done.stdout.splitlines()[-1])
    check(found, {name: value for name, value in expected.items() if name != "titles"})


def test_saved_model_cli_runs_it(saved, expected, tmp_path):
    np.save(tmp_path / "ids.npy", np.array(HISTORIES, np.int64))
    command = Path(sys.executable).with_name("saved_model_cli")
    done = run(
        [command, "run", "--dir", saved["int64"].folder, "--tag_set", "serve"]
        + ["--signature_def", "serving_default"]
        + ["--inputs", f"movie_ids={tmp_path / 'ids.npy'}"]
    )
    printed = re.search(r"output key movie_ids:\n(.*?)\n(?:Result|$)", done.stdout, re.S)[1]
    ids = np.array(re.findall(r"\d+", printed), np.int64).reshape(2, -1)
    assert ids.tolist() == expected["movie_ids"].tolist()


def test_a_batch_job_maps_it_over_a_dataset(saved, expected):
    recommend = saved["int64"].model.recommend
    histories = tf.ragged.constant([[22, 88], [99]], tf.int64)
    batches = tf.data.Dataset.from_tensor_slices(histories).ragged_batch(2).map(recommend)
    (answer,) = batches
    check(answer, expected)


def run(command: list) -> subprocess.CompletedProcess:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done
