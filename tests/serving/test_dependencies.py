"""What the server and the commands load, and what they do without."""

from helpers.processes import printed


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
    assert printed(code).splitlines() == ["False False", "(2, 1)"]
