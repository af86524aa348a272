"""The flags TensorFlow Serving is started with, and why."""

CONFIG_FOLDER = "/etc/serving"
MODELS_FOLDER = "/models"
REQUEST_TIMEOUT_MS = 10_000
# The server's own default is 4 a CPU, but it counts the machine's, not the container's.
REST_THREADS_PER_CPU = 4


def server_flags(cpus: int) -> list[str]:
    """The flags for a container with so many CPUs."""
    return [
        "--port=8500",
        "--rest_api_port=8501",
        f"--rest_api_num_threads={REST_THREADS_PER_CPU * cpus}",
        f"--rest_api_timeout_in_ms={REQUEST_TIMEOUT_MS}",
        f"--model_config_file={CONFIG_FOLDER}/models.config",
        # A roll-out is a change of that file; by default it is read once.
        "--model_config_file_poll_wait_seconds=5",
        # Labels are checked before models are loaded: without this, a server whose file has
        # labels would not start. Moving a label still needs a version that is available.
        "--allow_version_labels_for_unavailable_models=true",
        f"--monitoring_config_file={CONFIG_FOLDER}/monitoring.config",
        # By default one broken version stops all loading and unloading for five minutes.
        "--num_load_threads=2",
        "--max_num_load_retries=1",
        "--load_retry_interval_micros=1000000",
        # Only versions with a file batching_params.pbtxt are batched.
        "--enable_batching=true",
        "--enable_per_model_batching_parameters=true",
        f"--batching_parameters_file={CONFIG_FOLDER}/batching_parameters.txt",
        # By default one thread for each CPU of the machine, however few the container may use.
        f"--tensorflow_intra_op_parallelism={cpus}",
        f"--tensorflow_inter_op_parallelism={cpus}",
    ]
