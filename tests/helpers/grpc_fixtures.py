"""A real server process with gRPC, shared by all its tests; `conftest` makes these known."""

from types import SimpleNamespace

import pytest

from helpers.processes import free_port


@pytest.fixture(scope="session")
def line_root(tmp_path_factory, save_model):
    """`y = x * factor + term`; factor is 2 and term 0 if they are left out."""
    import tensorflow as tf

    root = tmp_path_factory.mktemp("line")
    two, zero = tf.constant(2.0), tf.constant(0.0)

    def line(x, factor=two, term=zero):
        return {"y": x * factor + term, "factor": factor}

    number = tf.TensorSpec([], tf.float32)
    inputs = [tf.TensorSpec([None], tf.float32), number, number]
    save_model(tf, {"serving_default": (line, inputs)}, root / "1")
    return root


@pytest.fixture(scope="session")
def served(model_root, line_root, start_server, tmp_path_factory):
    """A server with gRPC, health checks and metrics: the process and its clients."""
    from helpers.grpc_tools import connect

    places = {path.name: path for path in sorted(model_root.iterdir())} | {"line": line_root}
    entries = [
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for name, path in places.items()
    ]
    config_text = f"model_config_list {{ {' '.join(entries)} }}"
    folder, port = tmp_path_factory.mktemp("config"), free_port()
    (folder / "models.config").write_text(config_text, encoding="utf-8")
    (folder / "monitoring.config").write_text('prometheus_config { enable: true path: "/metrics" }')
    server = start_server(
        f"--model_config_file={folder}/models.config",
        f"--monitoring_config_file={folder}/monitoring.config",
        f"--port={port}",
        "--enable_grpc_healthcheck_service",
        "--max_rows=0",  # for a message of megabytes
        "--grpc_channel_arguments=grpc.max_connection_age_ms=600000",
    )
    yield SimpleNamespace(server=server, config_text=config_text, **vars(connect(port)))
    server.stop()
