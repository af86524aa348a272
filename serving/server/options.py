"""How a server behaves, whatever it serves and wherever: for the command and for Python alike."""

import os
from dataclasses import dataclass

_THREADS = 4 * (os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How a server behaves; the names are those of the flags of `python -m serving`.

    Attributes:
        rest_api_num_threads: REST requests that run at the same time.
        rest_api_timeout_in_ms: how long a REST request may take; 0 is no limit.
        rest_api_enable_cors_support: whether pages of other origins may ask.
        grpc_max_threads: gRPC requests that run at the same time.
        grpc_channel_arguments: options of the gRPC library, by name.
        enable_grpc_healthcheck_service: whether the gRPC health checking protocol is answered.
        file_system_poll_wait_seconds: how often new versions are looked for; 0 is never.
        model_config_file_poll_wait_seconds: how often that file is read again; 0 is never.
        allow_version_labels_for_unavailable_models: whether new labels may name versions that are
            not loaded yet.
        enable_model_warmup: whether the models' warm-up requests are run.
        num_request_iterations_for_warmup: how often each of them is.
        max_num_load_retries: further attempts at a version that fails to load.
        load_retry_interval_micros: time between them.
        max_body_bytes: largest request body, sent or inflated; 0 is no limit.
        max_rows: most rows a request; 0 is no limit.
        max_history_length: most items a history; 0 is no limit.
        max_waiting_requests: most requests that wait for a thread; 0 is no limit.
        drain_seconds: time that requests under way have when the server is told to stop.
        idle_connection_seconds: time after which a connection is closed that lies still.
        demo_page: whether `/` answers with a page to try the models on.
    """

    rest_api_num_threads: int = _THREADS
    rest_api_timeout_in_ms: int = 30_000
    rest_api_enable_cors_support: bool = False
    grpc_max_threads: int = _THREADS
    grpc_channel_arguments: tuple[tuple[str, int | str], ...] = ()
    enable_grpc_healthcheck_service: bool = False
    file_system_poll_wait_seconds: int = 1
    model_config_file_poll_wait_seconds: int = 0
    allow_version_labels_for_unavailable_models: bool = False
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 1
    max_num_load_retries: int = 0
    load_retry_interval_micros: int = 1_000_000
    max_body_bytes: int = 32 * 2**20
    max_rows: int = 2**14
    max_history_length: int = 0
    max_waiting_requests: int = 0
    drain_seconds: int = 30
    idle_connection_seconds: int = 50
    demo_page: bool = True


DEFAULTS = ServerOptions()
