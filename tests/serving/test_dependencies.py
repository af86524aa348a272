"""What the server and the commands load, and what they do without."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


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
