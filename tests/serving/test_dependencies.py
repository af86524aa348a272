"""The package stands alone: it knows SavedModels, not the packages that make them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted((REPOSITORY / "serving").rglob("*.py"))
FORBIDDEN = {"seqrec_tf", "export", "keras", "keras_hub", "keras_rs", "tf_keras"}


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_imports_the_other_stages_or_keras(path):
    assert not imported_packages(path) & FORBIDDEN


def test_the_server_imports_no_keras():
    code = """
import sys
from serving.server.slim_import import import_tensorflow
import_tensorflow()
import serving.server.running
print("keras" in sys.modules, "sklearn" in sys.modules)
import tensorflow as tf
print(tf.keras.layers.Dense(1)(tf.ones([2, 3])).shape)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines() == ["False False", "(2, 1)"]


COMMANDS = [
    "serving.__main__",
    "serving.client",
    "serving.load.__main__",
    "serving.deploy.__main__",
    "serving.rollout.__main__",
]


@pytest.mark.parametrize("module", COMMANDS)
def test_help_needs_no_tensorflow(module):
    code = f"""
import runpy, sys
sys.argv = ["x", "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit as ended:
    print(ended.code, "tensorflow" in sys.modules)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "examples:" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "0 False"
