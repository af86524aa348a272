"""Batching of real models, in a server process and as they are loaded."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf
from helpers.processes import run_module
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.batching.batch_scheduler import Scheduler
from serving.batching.flags import Batching
from serving.batching.parameters import BatchingParameters
from serving.models.loaded_model import LoadedModel
from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError
from serving.server.loading import Loader


@pytest.fixture(scope="module")
def counting_root(tmp_path_factory):
    """`y = 10 x`, and how often the graph has run."""
    root = tmp_path_factory.mktemp("counting")
    module = tf.Module()
    module.runs = tf.Variable(0, dtype=tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(x):
        return {"y": 10 * x, "run": tf.fill(tf.shape(x), module.runs.assign_add(1))}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(x):
        return {"sum": tf.reduce_sum(x)}

    signatures = {"serving_default": serve, "total": total}
    for name in ("all", "own"):
        tf.saved_model.save(module, str(root / name / "1"), signatures=signatures)
    (root / "own" / "1" / "batching_params.pbtxt").write_text(
        "max_batch_size { value: 4 } batch_timeout_micros { value: 10000000 }"
    )
    return root


def post_together(server, path, bodies) -> list:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: server.post(path, body).json(), bodies))


def test_a_server_merges_requests(start_server, counting_root, tmp_path):
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 10000000 } "
        "num_batch_threads { value: 1 }"
    )
    server = start_server(
        "--model_name=m",
        f"--model_base_path={counting_root}/all",
        "--enable_batching",
        f"--batching_parameters_file={file}",
        "--rest_api_num_threads=8",
        "--rest_api_timeout_in_ms=3000",
    )
    try:
        bodies = [{"instances": [number, number + 0.5]} for number in (1.0, 2.0, 3.0, 4.0)]
        answers = post_together(server, "/v1/models/m:predict", bodies)
        values = [[row["y"] for row in answer["predictions"]] for answer in answers]
        assert values == [[10.0, 15.0], [20.0, 25.0], [30.0, 35.0], [40.0, 45.0]]
        runs = {row["run"] for answer in answers for row in answer["predictions"]}
        assert runs == {1}, "four requests of two rows are one batch of eight"
        refusal = server.post(
            "/v1/models/m:predict", {"signature_name": "total", "instances": [1.0] * 8}
        )
        assert (refusal.status_code, refusal.json()["error"]) == (
            400,
            "Batched output tensor has 0 dimensions",
        )
        assert server.post("/v1/models/m:predict", {"inputs": 1.0}).status_code == 400
        # A batch that is not full waits for ten seconds; as in TensorFlow Serving, no 504.
        late = server.post("/v1/models/m:predict", {"instances": [1.0]})
        assert (late.status_code, late.json()["error"]) == (
            429,
            "Timed out while waiting for a thread or a batch",
        )
    finally:
        server.stop()


def test_models_without_a_file_of_their_own_are_not_batched(start_server, counting_root, tmp_path):
    entries = [
        f'config {{ name: "{name}" base_path: "{counting_root}/{name}" '
        'model_platform: "tensorflow" }'
        for name in ("all", "own")
    ]
    config = tmp_path / "models.config"
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    server = start_server(
        f"--model_config_file={config}",
        "--enable_batching",
        "--enable_per_model_batching_parameters",
        "--rest_api_num_threads=8",
    )
    try:
        bodies = [{"instances": [1.0]}] * 4
        for name, runs in (("all", {1, 2, 3, 4}), ("own", {1})):
            answers = post_together(server, f"/v1/models/{name}:predict", bodies)
            assert {answer["predictions"][0]["run"] for answer in answers} == runs
        scalar = {"signature_name": "total", "inputs": [1.0, 2.0, 3.0, 4.0]}
        assert server.post("/v1/models/all:predict", scalar).json() == {"outputs": 10.0}
        assert server.post("/v1/models/own:predict", scalar).status_code == 400
    finally:
        server.stop()


def test_warm_up_is_batched_too(counting_root, tmp_path):
    """As in TensorFlow Serving: a warm-up request that batching refuses keeps a model away."""
    path = tmp_path / "1"
    shutil.copytree(counting_root / "all" / "1", path)
    record = PredictionLog()
    record.predict_log.request.model_spec.signature_name = "total"
    record.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    (path / "assets.extra").mkdir()
    file = str(path / "assets.extra" / "tf_serving_warmup_requests")
    with tf.io.TFRecordWriter(file) as writer:
        writer.write(record.SerializeToString())
    directory = VersionDirectory("m", 1, path)
    assert isinstance(Loader()(directory), LoadedModel)
    loader = Loader(batching=Batching(BatchingParameters()), scheduler=Scheduler(1, "test"))
    with pytest.raises(InputError, match="record 1: .* Batched output tensor has 0 dimensions"):
        loader(directory)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--batching_parameters_file=x"], "expected --enable_batching as well"),
        (["--enable_batching", "--batching_parameters_file=/none"], "/none"),
        (["--enable_batching=yes"], "expected true or false. Received: 'yes'"),
    ],
)
def test_bad_flags(counting_root, flags, message):
    ended = run_module("serving", f"--model_base_path={counting_root}/all", *flags)
    assert ended.returncode == 2
    assert message in ended.stderr.splitlines()[-1]
    assert ended.stderr.splitlines()[-1].startswith("error: ")
