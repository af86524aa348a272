"""A generated deployment, and what it was generated for."""

import shutil
from pathlib import Path

import pytest
import yaml

from helpers.processes import run_module
from serving.deploy.generate import Deployment, generate
from serving.deploy.models import DeployedModel


def identity(tf, *shapes: tuple) -> tuple:
    """A signature whose outputs are its inputs, called `a`, `b` and so on."""
    specifications = [
        tf.TensorSpec(shape, tf.int64, name=name)
        for name, shape in zip("abc", shapes, strict=False)
    ]
    names = [specification.name for specification in specifications]
    return lambda *inputs: dict(zip(names, inputs, strict=True)), specifications


@pytest.fixture(scope="module")
def models(tmp_path_factory, save_model) -> Path:
    """`plain` can be batched, `seqrec` (versions 9 and 10) cannot; and what is no model."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("models")
    save_model(tf, {"rows": identity(tf, (None,), (None, 3))}, folder / "plain" / "1")
    save_model(
        tf,
        {
            "serving_default": identity(tf, (None, None)),
            "recommend": identity(tf, (None, 3), ()),
        },
        folder / "seqrec" / "9",
    )
    shutil.copytree(folder / "seqrec" / "9", folder / "seqrec" / "10")
    (folder / "seqrec" / "incoming-11").mkdir()
    (folder / "seqrec-lite" / "1").mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "models.config").write_text("")
    return folder


@pytest.fixture(scope="module")
def deployment(tmp_path_factory, models) -> Path:
    """The generated folder."""
    folder = tmp_path_factory.mktemp("deployment") / "new" / "deploy"
    ended = run_module(
        "serving.deploy", f"--models={models}", f"--output={folder}", "--name=shop", "--cpus=3"
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{folder}\n"
    assert [path.name for path in folder.parent.iterdir()] == ["deploy"]
    return folder


@pytest.fixture(scope="module")
def manifests(deployment) -> dict[str, dict]:
    """Kubernetes' manifests by kind."""
    found = [load(path) for path in sorted((deployment / "kubernetes").iterdir())]
    return {manifest["kind"]: manifest for manifest in found}


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def generated(**changes) -> dict[str, str]:
    """The files for one model of 100 MiB, whose folder has a difficult name."""
    values = {
        "models_folder": Path('/a "b" $c'),
        "models": [DeployedModel("m", 1, 100 << 20, [])],
        "name": "shop",
        "image": "tensorflow/serving:2.20.0",
        "host": "localhost",
        "replicas": 2,
        "cpus": 3,
    }
    return generate(Deployment(**values | changes), {})


def container(manifests: dict) -> dict:
    """The server's container in the Deployment."""
    return manifests["Deployment"]["spec"]["template"]["spec"]["containers"][0]
