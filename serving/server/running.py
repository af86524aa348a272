"""The parts of a running server, put together. Imports TensorFlow."""

import logging
import socket
import threading
import time
from argparse import Namespace
from collections.abc import Callable

from serving.batching.batch_scheduler import Scheduler
from serving.batching.flags import Batching
from serving.inference.limits import Limits
from serving.metrics import Metrics
from serving.models.model_config import read_model_configs
from serving.models.registry import Registry
from serving.protocol.errors import InputError
from serving.rest_api.app import RestOptions
from serving.server.http_server import Patience, serve
from serving.server.loading import Loader
from serving.server.manager import Loading, Manager
from serving.server.rest_server import create_app

logger = logging.getLogger(__name__)


class Running:
    """Registry, manager, metrics and the application, as the flags ask.

    Args:
        options: the flags of `serving.server.flags`.
        monitoring_path: where the metrics are; None for nowhere.
        batching: which models are batched; None is none.
    """

    def __init__(
        self, options: Namespace, monitoring_path: str | None, batching: Batching | None = None
    ):
        self._options = options
        self._monitoring_path = monitoring_path
        self._limits = Limits(options.max_body_bytes, options.max_rows, options.max_history_length)
        self.metrics = Metrics()
        self.registry = Registry()
        load = Loader(
            options.enable_model_warmup,
            options.num_request_iterations_for_warmup,
            self._limits,
            self.metrics,
            batching,
            _scheduler(batching),
        )
        self.manager = Manager(
            self.registry,
            Loading(
                load,
                options.max_num_load_retries,
                options.load_retry_interval_micros / 1e6,
                options.allow_version_labels_for_unavailable_models,
            ),
        )

    def serve(self, listener: socket.socket, on_stop: Callable[[], None]) -> None:
        """Answer requests and follow the files until SIGINT or SIGTERM.

        Args:
            listener: where connections come in.
            on_stop: called when the signal comes, before requests under way are finished.
        """
        options = self._options
        if options.file_system_poll_wait_seconds:
            _repeat(self.manager.poll, options.file_system_poll_wait_seconds)
        if options.model_config_file_poll_wait_seconds:
            _repeat(self._read_config, options.model_config_file_poll_wait_seconds)
        rest = RestOptions(
            threads=options.rest_api_num_threads,
            waiting=options.max_waiting_requests,
            seconds=options.rest_api_timeout_in_ms / 1000,
            limits=self._limits,
            cors=options.rest_api_enable_cors_support,
            monitoring_path=self._monitoring_path,
        )
        patience = Patience(options.idle_connection_seconds, options.drain_seconds)
        app = create_app(self.registry, rest, self.metrics, options.demo_page)
        serve(app, listener, patience, on_stop)

    def _read_config(self) -> None:
        self.manager.reload(read_model_configs(self._options.model_config_file))


def _scheduler(batching: Batching | None) -> Scheduler | None:
    if batching is None:
        return None
    return Scheduler(batching.parameters.num_batch_threads, batching.parameters.thread_pool_name)


def _repeat(action: Callable[[], None], seconds: float) -> None:
    """Do something every so many seconds, in a thread that ends with the process."""

    def loop() -> None:
        complaint = None
        while True:
            time.sleep(seconds)
            try:
                action()
                complaint = None
            except (InputError, OSError) as error:
                # Said once, not every second.
                if str(error) != complaint:
                    logger.error("%s; everything stays as it is", error)
                complaint = str(error)
            except Exception:
                logger.exception("looking for changes failed; trying again")

    threading.Thread(target=loop, daemon=True, name=action.__name__).start()
