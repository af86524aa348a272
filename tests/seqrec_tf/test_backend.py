"""Keras runs on TensorFlow whatever the environment says, or `import seqrec_tf` says why not."""

import os
import subprocess
import sys

STAND_IN = """
import sys, types
config = types.SimpleNamespace(backend=lambda: {backend!r})
sys.modules["keras"] = types.SimpleNamespace(config=config)
import seqrec_tf
"""


def _python(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_backend_in_the_environment_is_overridden():
    code = (
        "import sys, seqrec_tf; assert 'keras' not in sys.modules; import keras;"
        "print(keras.config.backend())"
    )
    done = _python(code, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout.strip()) == (0, "tensorflow"), done.stderr


def test_importing_the_package_imports_neither_keras_nor_tensorflow():
    code = "import sys, seqrec_tf; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert _python(code).returncode == 0


def test_keras_already_on_another_backend_is_an_error_that_says_what_to_do():
    done = _python(STAND_IN.format(backend="jax"))
    assert done.returncode == 1
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("RuntimeError: seqrec-tf needs Keras on the TensorFlow backend")
    assert "Set KERAS_BACKEND=tensorflow, or import seqrec_tf before keras" in message
    assert message.endswith("Received: backend 'jax'.")


def test_keras_already_on_tensorflow_is_fine():
    assert _python(STAND_IN.format(backend="tensorflow")).returncode == 0
