"""The generated deployment: every file is read by what will read it, or by its schema."""

import json
import os
import re
import shutil
from importlib.resources import files
from pathlib import Path, PurePosixPath

import jsonschema
import pytest
import ruamel.yaml
import yaml
from google.protobuf import text_format
from helpers.deploy_fixtures import container, generated, load
from helpers.processes import run_module
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from serving.deploy.models import DeployedModel
from serving.models.model_config import read_model_configs
from serving.protocol.text_proto import message_class, read_text_proto

# As TensorFlow Serving spells them.
FLAGS = {
    "allow_version_labels_for_unavailable_models",
    "batching_parameters_file",
    "enable_batching",
    "enable_per_model_batching_parameters",
    "load_retry_interval_micros",
    "max_num_load_retries",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "monitoring_config_file",
    "num_load_threads",
    "port",
    "rest_api_num_threads",
    "rest_api_port",
    "rest_api_timeout_in_ms",
    "tensorflow_inter_op_parallelism",
    "tensorflow_intra_op_parallelism",
}
METRICS = {
    ":tensorflow:serving:request_count",
    ":tensorflow:serving:request_latency_bucket",
    ":tensorflow:serving:runtime_latency_bucket",
    ":tensorflow:serving:model_warmup_latency_sum",
    ":tensorflow:serving:model_warmup_latency_count",
    ":tensorflow:serving:batching_session:queuing_latency_bucket",
}


def test_models_config(deployment):
    path = deployment / "config" / "models.config"
    plain, seqrec = read_text_proto(path, ModelServerConfig()).model_config_list.config
    assert (plain.name, plain.base_path) == ("plain", "/models/plain")
    assert list(seqrec.model_version_policy.specific.versions) == [10]
    assert dict(seqrec.version_labels) == {"stable": 10}
    # As the embedded server reads it, too.
    assert [config.name for config in read_model_configs(path)] == ["plain", "seqrec"]


def test_labels_only_with_the_flag_that_lets_the_server_start_with_them(deployment):
    command = load(deployment / "compose.yaml")["services"]["tfserving"]["command"]
    assert "version_labels" in (deployment / "config" / "models.config").read_text()
    assert "--allow_version_labels_for_unavailable_models=true" in command


def test_flags(deployment, manifests):
    command = load(deployment / "compose.yaml")["services"]["tfserving"]["command"]
    flags = dict(flag.removeprefix("--").split("=") for flag in command)
    assert len(flags) == len(command)
    assert flags.keys() == FLAGS
    for name, value in flags.items():
        if name.endswith("_file"):
            assert (deployment / "config" / Path(value).name).is_file()
            assert Path(value).parent == Path("/etc/serving")
    assert (flags["tensorflow_intra_op_parallelism"], flags["rest_api_num_threads"]) == ("3", "12")
    assert container(manifests)["args"] == command


def test_batching(deployment):
    text = (deployment / "batching" / "plain.pbtxt").read_text(encoding="utf-8")
    assert "Every signature can be batched." in text and "#   rows: batched\n" in text
    assert "allowed_batch_sizes: 64\nallowed_batch_sizes: 128\n" in text
    batched = message_class("session_bundle_config.proto", "BatchingParameters")
    for name in ("plain", "seqrec"):
        message = read_text_proto(deployment / "batching" / f"{name}.pbtxt", batched())
        sizes = list(message.allowed_batch_sizes)
        assert sizes == sorted(sizes) and sizes[-1] == message.max_batch_size.value == 128
        assert not message.pad_variable_length_inputs
    message = read_text_proto(deployment / "config" / "batching_parameters.txt", batched())
    assert message.num_batch_threads.value == 3
    text = " ".join((deployment / "batching" / "seqrec.pbtxt").read_text().split())
    assert "Leave it unbatched: recommend would fail" in text
    assert "serving_default: batched, but requests with a of different lengths fail" in text


def test_monitoring(deployment):
    path = deployment / "config" / "monitoring.config"
    message = read_text_proto(path, message_class("monitoring_config.proto", "MonitoringConfig")())
    assert message.prometheus_config.enable
    job = load(deployment / "prometheus" / "prometheus.yml")["scrape_configs"][0]
    assert job["metrics_path"] == message.prometheus_config.path
    assert job["static_configs"] == [{"targets": ["tfserving:8501"]}]


def test_dashboard(deployment):
    dashboard = json.loads((deployment / "grafana" / "dashboard.json").read_text())
    (source,) = load(deployment / "grafana" / "datasource.yaml")["datasources"]
    assert dashboard["title"] == "shop"
    found = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
        for target in panel["targets"]:
            found |= set(re.findall(r":[\w:]+", target["expr"]))
            assert target["expr"].count("(") == target["expr"].count(")")
    assert found == METRICS
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]}
    assert len(places) == len({panel["id"] for panel in dashboard["panels"]}) == 6


def test_compose(deployment, models):
    compose = load(deployment / "compose.yaml")
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text(encoding="utf-8")))
    sources = [
        volume["source"]
        for service in compose["services"].values()
        for volume in service["volumes"]
        if volume["type"] == "bind"
    ]
    # The private key is for the operator to make.
    for source in set(sources) - {str(models), "./nginx/private"}:
        assert (deployment / source).exists(), source
    server = compose["services"]["tfserving"]
    assert str(models) in sources and server["cpus"] == 3 and server["read_only"]
    # Nothing without a password is reached from elsewhere.
    ports = [port for service in compose["services"].values() for port in service["ports"]]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["8443:8443"]


def test_memory_is_computed_from_the_models():
    texts = generated()
    limits = yaml.safe_load(texts["kubernetes/deployment.yaml"])["spec"]["template"]["spec"]
    resources = limits["containers"][0]["resources"]
    # 512 MiB and twice 1.2 * 100 MiB; 1024 MiB and four times.
    assert resources["requests"] == {"cpu": 3, "memory": "752Mi"}
    assert resources["limits"] == {"cpu": 3, "memory": "1504Mi"}
    server = yaml.safe_load(texts["compose.yaml"])["services"]["tfserving"]
    assert (server["mem_reservation"], server["mem_limit"]) == ("752m", "1504m")


def test_difficult_paths_and_names():
    texts = generated(models=[DeployedModel("a.b-c", 1, 0, [])])
    server = yaml.safe_load(texts["compose.yaml"])["services"]["tfserving"]
    # Compose reads two dollar signs as one.
    assert server["volumes"][1]["source"] == '/a "b" $$c'
    message = text_format.Parse(texts["config/models.config"], ModelServerConfig())
    assert message.model_config_list.config[0].base_path == "/models/a.b-c"


# What one YAML reader or another takes for a boolean, nothing, a number or a date.
WORDS = ["true", "null", "no", "on", "y", "off", "yes", "n", "e3", "x-1", "o0", "inf", "nan"]
READERS = {"1.1": yaml.safe_load, "1.2": ruamel.yaml.YAML(typ="safe", pure=True).load}


def replaced(document, word: str):
    """A YAML document in which `shop` is another word."""
    if isinstance(document, dict):
        return {key: replaced(value, word) for key, value in document.items()}
    if isinstance(document, list):
        return [replaced(value, word) for value in document]
    return document.replace("shop", word) if isinstance(document, str) else document


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize("word", WORDS)
def test_a_name_stays_a_name_in_yaml(word, version):
    read = READERS[version]
    plain, texts = generated(name="shop"), generated(name=word)
    for path in (path for path in texts if path.endswith((".yaml", ".yml"))):
        assert read(texts[path]) == replaced(read(plain[path]), word), path


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize("image", ["1e3", "1.20", "null", "0x10", "12:30:45", "true", "2024-01-01"])
def test_an_image_stays_text_in_yaml(image, version):
    texts = generated(image=image)
    assert READERS[version](texts["compose.yaml"])["services"]["tfserving"]["image"] == image
    pod = READERS[version](texts["kubernetes/deployment.yaml"])["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == image


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize(
    "folder",
    [
        "/films \N{CLAPPER BOARD}",
        "/a: b",
        "/a #b",
        "/tab\there",
        "/line\nfeed",
        "/cr\rhere",
        "/back\\slash",
        "/next\x85line",
        "/separator\u2028here",
        "/mark\ufeff",
        "/bell\x07",
        "/{x}, [y]",
        "/%%{name}",
        "/'\"",
        "/" + "long folder " * 30,
        " /leading and trailing ",
    ],
)
def test_a_path_stays_itself_in_yaml(folder, version):
    text = generated(models_folder=PurePosixPath(folder))["compose.yaml"]
    server = READERS[version](text)["services"]["tfserving"]
    assert server["volumes"][1]["source"] == str(PurePosixPath(folder))


@pytest.mark.parametrize("version", READERS)
@pytest.mark.parametrize("model", ["true", "1e3", "null", "0x1F", "1_000", "_", "a.", "2024-01-01"])
def test_a_model_that_export_names_is_probed_under_its_name(model, version):
    text = generated(models=[DeployedModel(model, 1, 0, [])])["kubernetes/deployment.yaml"]
    pod = READERS[version](text)["spec"]["template"]["spec"]
    path = pod["containers"][0]["readinessProbe"]["httpGet"]["path"]
    assert path == f"/v1/models/{model}/metadata"


def test_a_path_that_is_no_text_is_refused(tmp_path, models):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/films-\xff"))
    shutil.copytree(models, folder)
    output = tmp_path / "deploy"
    ended = run_module("serving.deploy", f"--models={folder}", f"--output={output}")
    assert ended.returncode == 2, ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: --models: expected a path in UTF-8") and not output.exists()


def test_nothing_is_left_to_fill_in(deployment):
    for path in deployment.rglob("*"):
        if path.is_file():
            assert "%%" not in path.read_text(encoding="utf-8"), path


def test_force_keeps_what_was_rolled_out(tmp_path, models):
    output = tmp_path / "deploy"
    (output / "config").mkdir(parents=True)
    config = output / "config" / "models.config"
    config.write_text(
        'model_config_list { config { name: "seqrec" base_path: "/models/seqrec" '
        'model_platform: "tensorflow" version_labels { key: "stable" value: 9 } '
        "model_version_policy { specific { versions: 9 versions: 10 } } } "
        'config { name: "gone" base_path: "/models/gone" model_platform: "tensorflow" } }'
    )
    private = output / "nginx" / "private" / "tls.key"
    private.parent.mkdir(parents=True)
    private.write_text("secret")
    ended = run_module("serving.deploy", f"--models={models}", f"--output={output}", "--force")
    assert ended.returncode == 0, ended.stderr
    plain, seqrec = read_text_proto(config, ModelServerConfig()).model_config_list.config
    assert dict(plain.version_labels) == {"stable": 1}
    assert dict(seqrec.version_labels) == {"stable": 9}
    assert list(seqrec.model_version_policy.specific.versions) == [9, 10]
    assert private.read_text() == "secret"


@pytest.mark.parametrize(
    ("entries", "flags", "message"),
    [
        ([], [], "Received: an empty folder"),
        (["m/notes"], [], "expected MODEL/VERSION/saved_model.pb"),
        (["m-lite/1/saved_model.pb"], [], "Received: m-lite"),
        (["m/1/saved_model.pb", "m/2/variables"], [], "m/2: expected a version"),
        (["m m/1/saved_model.pb"], [], "Received: 'm m'"),
        (["m/1/saved_model.pb"], [], "cannot be loaded"),
        (["m/1/saved_model.pb"], ["--models=/none"], "Received: /none"),
        (["m/1/saved_model.pb"], ["--output={folder}"], "is there already"),
        (["m/1/saved_model.pb"], ["--name=A"], "Received: 'A'"),
        (["m/1/saved_model.pb"], ["--image=a b"], "Received: 'a b'"),
        (["m/1/saved_model.pb"], ["--host=a;b"], "Received: 'a;b'"),
        (["m/1/saved_model.pb"], ["--cpus=0"], "Received: '0'"),
        (["m/1/saved_model.pb"], ["--replicas=x"], "Received: 'x'"),
    ],
)
def test_bad_input_writes_nothing(tmp_path, entries, flags, message):
    folder, output = tmp_path / "models", tmp_path / "deploy"
    folder.mkdir()
    for name in entries:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("nonsense")
    given = [flag.format(folder=folder) for flag in flags]
    ended = run_module("serving.deploy", f"--models={folder}", f"--output={output}", *given)
    assert ended.returncode == 2, ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: ") and message in last
    assert ended.stdout == "" and "Traceback" not in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
