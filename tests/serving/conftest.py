"""Small SavedModels with obvious answers, and one real server process for all tests."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from helpers.deploy_fixtures import deployment, manifests, models  # noqa: F401
from helpers.grpc_fixtures import line_root, served  # noqa: F401
from helpers.page_fixtures import driver, page  # noqa: F401
from helpers.processes import REPOSITORY, environment

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running server process."""

    process: subprocess.Popen
    url: str

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=START_SECONDS)

    def post(self, path: str, body: object) -> requests.Response:
        """Send a JSON document, or text as it is."""
        options = {"data": body} if isinstance(body, (str, bytes)) else {"json": body}
        return requests.post(self.url + path, timeout=START_SECONDS, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code. It printed nothing but its URL."""
        self.process.send_signal(number)
        assert self.process.communicate(timeout=STOP_SECONDS)[0] == ""
        return self.process.returncode


def _start_server(*flags: str) -> Server:
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", "--rest_api_port=0", *flags],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    url = process.stdout.readline().strip()
    assert url, f"the server ended with exit code {process.wait(STOP_SECONDS)}"
    return Server(process, url)


@pytest.fixture(scope="session")
def start_server():
    """A function that starts a server on a free port and waits until it prints its URL."""
    return _start_server


@pytest.fixture(scope="session")
def model_root(tmp_path_factory) -> Path:
    """Base paths: `half` (versions 1 and 20), `zoo` (many signatures), and recommenders:
    `seqrec` and `strings` with one signature, `ranked` with all, `optional` with more inputs.
    """
    import tensorflow as tf
    from helpers import ranked_model

    root = tmp_path_factory.mktemp("models")
    half = half_plus_two(tf)
    for version in ("1", "20"):
        tf.saved_model.save(half, str(root / "half" / version), signatures=half.serve)
    (root / "half" / "21").mkdir()
    (root / "half" / "incoming-22").mkdir()
    save(tf, zoo(tf), root / "zoo" / "1")
    save(tf, recommender(tf, "movie_ids", tf.int64), root / "seqrec" / "7")
    save(tf, recommender(tf, "item_ids", tf.string), root / "strings" / "1")
    save(tf, ranked_model.signatures(tf), root / "ranked" / "1")
    save(tf, ranked_model.optional_signatures(tf), root / "optional" / "1")
    return root


@pytest.fixture(scope="session")
def server(model_root) -> Server:
    """A server of all the models above."""
    entries = [
        f'config {{ name: "{path.name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for path in sorted(model_root.iterdir())
    ]
    config = model_root.parent / "models.config"
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}", encoding="utf-8")
    running = _start_server(f"--model_config_file={config}")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def save_model():
    """`save`, for other models than those above."""
    return save


@pytest.fixture(scope="session")
def film_root(tmp_path_factory) -> Path:
    """Base paths of models that know their titles: `films` (versions 1 and 2) and `words`."""
    import tensorflow as tf

    root = tmp_path_factory.mktemp("films")
    for version, distances in DISTANCES.items():
        save_films(tf, root / "films" / str(version), tf.int64, distances)
    save_films(tf, root / "words" / "1", tf.string, DISTANCES[1])
    return root


@pytest.fixture(scope="session")
def film_server(film_root, model_root, start_server) -> Server:
    """A server of all versions of these, and of `half` and `seqrec`, which know no titles."""
    folders = {"films": film_root, "words": film_root, "half": model_root, "seqrec": model_root}
    entries = [
        f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow" '
        "model_version_policy { all {} } }"
        for name, folder in folders.items()
    ]
    config = film_root / "models.config"
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}", encoding="utf-8")
    running = start_server(f"--model_config_file={config}")
    yield running
    running.stop()


FILMS = {
    101: "Alien Harbour (1979)",
    102: "The Alien Garden (1985)",
    103: "<img src=x onerror=window.broken=1>",
    104: "Amélie's Voyage (2001)",
    105: "Harbour Lights (1990)",
    106: "Silent Valley (1971)",
    107: "Night Train (1959)",
    # JavaScript's numbers cannot hold this id.
    2**60 + 1: "Far Away (2020)",
}
# After the film in row r come those in rows r + 1, r + 2, ..., by version.
DISTANCES = {1: [1, 2, 3, 4, 5], 2: [2, 1, 3, 6, 4]}


def save_films(tf, path: Path, dtype, distances: list[int]) -> None:
    """A recommender with its catalogue: the films that follow the last one, in a circle.

    With string ids they are `film, 101` and so on: with a comma. Version 2 has inputs that nobody
    knows of; left out, they change nothing.
    """
    ids = list(FILMS) if dtype == tf.int64 else [f"film, {number}" for number in FILMS]
    module = tf.Module()
    module.ids = tf.Variable([0 if dtype == tf.int64 else "", *ids], dtype=dtype, trainable=False)
    module.titles = tf.Variable(["", *FILMS.values()], trainable=False)

    shift, words = tf.constant([[0, 2**53 + 1]], tf.int64), tf.constant(["ä", ""])

    def recommend_shifted(film_ids, row_splits, shift=shift, words=words):
        right = tf.reduce_all(words == ["ä", ""])
        return recommend(film_ids, row_splits, tf.where(right, shift[0, 1] - 2**53 - 1, 1))

    def recommend(film_ids, row_splits, shift=0):
        known = tf.argmax(film_ids[:, tf.newaxis] == module.ids, axis=1)
        last = tf.concat([[0], known[: row_splits[1]]], axis=0)[-1]
        rows = (last + shift + tf.constant([distances], tf.int64) - 1) % len(FILMS) + 1
        return {
            "film_ids": tf.gather(module.ids, rows),
            "titles": tf.gather(module.titles, rows),
            "scores": tf.constant([[5.5, 4.25, 3.0, 2.0, 1.5]]),
        }

    splits = tf.TensorSpec([None], tf.int64, name="row_splits")
    history = tf.TensorSpec([None], dtype, name="film_ids")
    function = tf.function(recommend, input_signature=[history, splits])
    if distances != DISTANCES[1]:
        more = [tf.TensorSpec([None, None], tf.int64), tf.TensorSpec([None], tf.string)]
        function = tf.function(recommend_shifted, input_signature=[history, splits, *more])
    tf.saved_model.save(module, str(path), signatures={"ragged": function})


def save(tf, signatures: dict, path: Path) -> None:
    """Save plain functions as the signatures of one SavedModel."""
    module = tf.Module()
    functions = {
        name: tf.function(function, input_signature=specifications)
        for name, (function, specifications) in signatures.items()
    }
    tf.saved_model.save(module, str(path), signatures=functions)


def half_plus_two(tf):
    """A module with the signature y = 0.5 * x + 2."""
    module = tf.Module()
    module.half = tf.Variable(0.5)
    specification = tf.TensorSpec([None], tf.float32, name="x")
    module.serve = tf.function(
        lambda x: {"y": module.half * x + 2.0}, input_signature=[specification]
    )
    return module


def zoo(tf) -> dict:
    """Signatures of every kind: name -> (function, input specifications)."""

    def spec(name: str, dtype: tf.DType, shape: tuple = (None,)) -> tf.TensorSpec:
        return tf.TensorSpec(shape, dtype, name=name)

    def parse(serialized):
        feature = tf.io.FixedLenFeature([1], tf.float32)
        return tf.io.parse_example(serialized, {"x": feature})["x"]

    def total(serialized):
        lists = tf.io.parse_example(serialized, {"ids": tf.io.RaggedFeature(tf.int64)})["ids"]
        return tf.reduce_sum(lists, axis=1)

    def classify(inputs):
        x = parse(inputs)
        classes = tf.tile([["low", "high"]], [tf.shape(x)[0], 1])
        return {"classes": classes, "scores": tf.concat([-x, x], axis=1)}

    def slow(steps):
        """Counts one by one: a request that takes a while."""
        start = [tf.constant(0, tf.int64)]
        (counted,) = tf.while_loop(lambda i: i < steps[0], lambda i: [i + 1], start)
        return {"steps": counted}

    def types_out(x, kind):
        """Outputs of types that JSON has no values for; only the asked one has values."""
        xs = [tf.boolean_mask(x, tf.fill(tf.shape(x), kind[0] == place)) for place in range(4)]
        quantized = tf.quantization.quantize(xs[0], 0.0, 1.0, tf.qint8).output
        dtypes = (tf.uint16, tf.bfloat16, tf.complex128)
        casts = [tf.cast(x, dtype) for x, dtype in zip(xs[1:], dtypes, strict=True)]
        return {f"y{place}": output for place, output in enumerate([quantized, *casts])}

    number, examples = spec("x", tf.float32), spec("inputs", tf.string)
    everything = [
        spec("text", tf.string),
        spec("integer", tf.int64),
        spec("flag", tf.bool),
        spec("number", tf.float32),
    ]
    return {
        "serving_default": (lambda x: {"y": x / 2 + 2}, [number]),
        "everything": (
            lambda text, integer, flag, number: {
                "text": text,
                "integer": integer,
                "flag": flag,
                "number": number,
            },
            everything,
        ),
        "text": (lambda text: {"same": text}, [spec("text", tf.string)]),
        "bytes": (lambda text: {"raw": text, "raw_bytes": text}, [spec("text", tf.string)]),
        "int32": (lambda i: {"same": i}, [spec("i", tf.int32)]),
        "double": (lambda d: {"same": d}, [spec("d", tf.float64)]),
        "half": (lambda h: {"y": tf.cast(h, tf.float32)}, [spec("h", tf.float16)]),
        "half_out": (lambda x: {"y": tf.cast(x, tf.float16)}, [number]),
        "complex_out": (lambda x: {"y": tf.cast(x, tf.complex64)}, [number]),
        "types_out": (types_out, [number, spec("kind", tf.int64)]),
        "variant_out": (
            lambda x: {"y": tf.raw_ops.TensorListFromTensor(tensor=x, element_shape=-1)},
            [number],
        ),
        "sum": (lambda x: {"sum": tf.reduce_sum(x)}, [number]),
        "uneven": (lambda x: {"a": x, "b": x[:1]}, [number]),
        "pick": (lambda i: {"item": tf.gather([10, 20, 30], i)}, [spec("i", tf.int64)]),
        "matmul": (
            lambda x: {"y": tf.matmul(x, tf.ones([2, 3]))},
            [spec("x", tf.float32, (None, 2))],
        ),
        "ragged_out": (
            lambda x: {"y": tf.RaggedTensor.from_row_lengths(x, [tf.size(x)])},
            [number],
        ),
        "no_inputs": (lambda: {"one": tf.constant([1])}, []),
        "classify": (classify, [examples]),
        "classes_only": (lambda inputs: {"classes": classify(inputs)["classes"]}, [examples]),
        "scores_only": (lambda inputs: {"scores": classify(inputs)["scores"]}, [examples]),
        "classify_three": (lambda inputs: classify(inputs) | {"x": parse(inputs)}, [examples]),
        "regress": (lambda inputs: {"outputs": parse(inputs) * 10.0}, [examples]),
        "regress_flat": (
            lambda inputs: {"outputs": tf.cast(total(inputs), tf.float32)},
            [examples],
        ),
        "slow": (slow, [spec("steps", tf.int64)]),
    }


def recommender(tf, id_name: str, dtype) -> dict:
    """The signature `ragged` of a recommender: after n items come the items n + 1 and n + 2.

    A third place is filler, as at the end of a catalogue.
    """

    def recommend(ids, row_splits):
        lengths = row_splits[1:] - row_splits[:-1]
        numbers = tf.stack([lengths + 1, lengths + 2, tf.zeros_like(lengths)], axis=1)
        texts = tf.where(numbers > 0, tf.as_string(numbers), "")
        scores = tf.constant([[0.75, 0.5, tf.float32.min]])
        return {
            id_name: texts if dtype == tf.string else numbers,
            "titles": tf.where(numbers > 0, "Movie " + texts, ""),
            "scores": tf.tile(scores, [tf.size(lengths), 1]),
        }

    splits = tf.TensorSpec([None], tf.int64, name="row_splits")
    return {"ragged": (recommend, [tf.TensorSpec([None], dtype, name=id_name), splits])}
