"""The files of a deployment: path -> text. Nothing here writes."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from serving.deploy.batching import batching_text, verdict
from serving.deploy.dashboard import dashboard_text
from serving.deploy.flags import MODELS_FOLDER, REQUEST_TIMEOUT_MS, server_flags
from serving.deploy.models import DeployedModel
from serving.deploy.render import TEMPLATES, render
from serving.models.model_config import PLATFORM
from serving.protocol.proto_messages import DynamicMessage
from serving.rollout.config_file import config_text

MODELS_CONFIG = "config/models.config"
STABLE = "stable"
# Rendered once a model, under other names.
PER_MODEL = "batching_params.pbtxt"
MEBIBYTE = 1 << 20
# What the server takes without a model, its threads and the requests under way.
PROCESS_MEBIBYTES = 512
# TensorFlow Serving's own estimate of a version's memory over its bytes on disk.
MEMORY_OVER_DISK = 1.2
STORED_VERSIONS = 20

CONFIG_HEADER = """\
# The server reads this file again every few seconds. `python -m serving.rollout` changes it:
# versions are named, so a new version in the folder is served only once it is rolled out.
# Clients ask /v1/models/MODEL/labels/stable: without a label, the highest version answers.
"""


@dataclass(frozen=True)
class Deployment:
    """What a deployment is made for.

    Attributes:
        models_folder: the folder with the models, on the machine that serves.
        models: the models in it.
        name: name of the deployment, a DNS label.
        image: the container image of TensorFlow Serving.
        host: the host name under which nginx is asked.
        replicas: pods at the least.
        cpus: CPUs of each.
    """

    models_folder: Path
    models: list[DeployedModel]
    name: str
    image: str
    host: str
    replicas: int
    cpus: int


def generate(deployment: Deployment, kept: Mapping[str, DynamicMessage]) -> dict[str, str]:
    """All files of a deployment.

    Args:
        deployment: what for.
        kept: model -> its `ModelConfig` of an earlier deployment, which stays as it is.

    Returns:
        Path below the folder of the deployment -> text.
    """
    values = _values(deployment)
    templates = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
    names = [str(path.relative_to(TEMPLATES)) for path in templates]
    texts = {name: render(name, values) for name in names if name != PER_MODEL}
    texts["grafana/dashboard.json"] = dashboard_text(deployment.name)
    texts[MODELS_CONFIG] = _models_config(deployment.models, kept)
    for model in deployment.models:
        text = batching_text(model.name, model.advice)
        texts[f"batching/{model.name}.pbtxt"] = text
    return texts


def _models_config(models: list[DeployedModel], kept: Mapping[str, DynamicMessage]) -> str:
    from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

    message = ModelServerConfig()
    for model in models:
        entry = ModelConfig(name=model.name, model_platform=PLATFORM)
        entry.base_path = f"{MODELS_FOLDER}/{model.name}"
        entry.model_version_policy.specific.versions.append(model.version)
        entry.version_labels[STABLE] = model.version
        message.model_config_list.config.append(kept.get(model.name, entry))
    return config_text(CONFIG_HEADER, message)


def _values(deployment: Deployment) -> dict[str, object]:
    size = MEMORY_OVER_DISK * sum(model.size for model in deployment.models) / MEBIBYTE
    first = deployment.models[0].name
    return {
        "name": deployment.name,
        "image": deployment.image,
        "host": deployment.host,
        "cpus": deployment.cpus,
        "replicas": deployment.replicas,
        "most_replicas": 4 * deployment.replicas,
        "volume": f"{deployment.name}-models",
        "flags": server_flags(deployment.cpus),
        # Compose would take a single dollar sign for a variable.
        "models_folder": str(deployment.models_folder).replace("$", "$$"),
        "memory_request": math.ceil(PROCESS_MEBIBYTES + 2 * size),
        "memory_limit": math.ceil(2 * PROCESS_MEBIBYTES + 4 * size),
        "process_memory": PROCESS_MEBIBYTES,
        "models_memory": math.ceil(size),
        "storage": math.ceil(STORED_VERSIONS * size) + 1,
        "probe_path": f"/v1/models/{quote(first, safe='')}/metadata",
        "drain_seconds": 15,
        "rate": 50,
        "burst": 100,
        "body_limit": "1m",
        "proxy_timeout": 2 * REQUEST_TIMEOUT_MS // 1000,
        "model": first,
        "models_argument": shlex.quote(str(deployment.models_folder)),
        "models": "\n".join(
            f"- `{model.name}`, version {model.version}. {verdict(model.advice)}"
            for model in deployment.models
        ),
    }
