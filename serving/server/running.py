"""The parts of a running server, put together. Imports TensorFlow."""

from pathlib import Path

from starlette.applications import Starlette

from serving.batching.batch_scheduler import Scheduler
from serving.batching.flags import Batching
from serving.inference.limits import Limits
from serving.metrics import Metrics
from serving.models.model_config import read_model_configs
from serving.models.registry import Registry
from serving.rest_api.app import RestApi, RestOptions
from serving.server.http_server import Patience
from serving.server.loading import Loader
from serving.server.manager import Loading, Manager
from serving.server.options import ServerOptions
from serving.server.repeating import Repeating
from serving.server.rest_server import create_app


class Running:
    """Registry, manager, metrics and the application, as the options ask.

    Args:
        options: how the server behaves.
        monitoring_path: where the metrics are; None for nowhere.
        batching: which models are batched; None is none.

    Attributes:
        options: the same.
        metrics: what is counted.
        registry: the versions that there are.
        manager: loads and unloads them.
        patience: how long others may take.
    """

    def __init__(
        self,
        options: ServerOptions,
        monitoring_path: str | None = None,
        batching: Batching | None = None,
    ) -> None:
        self.options = options
        self.metrics = Metrics()
        self.registry = Registry()
        self._scheduler = _scheduler(batching)
        limits = Limits(options.max_body_bytes, options.max_rows, options.max_history_length)
        loader = Loader(
            options.enable_model_warmup,
            options.num_request_iterations_for_warmup,
            limits,
            self.metrics,
            batching,
            self._scheduler,
        )
        self.manager = Manager(self.registry, _loading(loader, options))
        rest = _rest_options(options, limits, monitoring_path)
        self._rest = RestApi(self.registry, rest, self.metrics)
        self._following: list[Repeating] = []
        self.patience = Patience(options.idle_connection_seconds, options.drain_seconds)

    def follow(self, config_file: Path | None = None) -> None:
        """Serve new versions as they come, in threads.

        Args:
            config_file: the `--model_config_file` to read again; None without one.
        """
        options = self.options
        if options.file_system_poll_wait_seconds:
            follower = Repeating(self.manager.poll, options.file_system_poll_wait_seconds)
            self._following.append(follower)
        if config_file is not None and options.model_config_file_poll_wait_seconds:

            def read_config() -> None:
                self.manager.reload(read_model_configs(config_file))

            follower = Repeating(read_config, options.model_config_file_poll_wait_seconds)
            self._following.append(follower)

    def application(self) -> Starlette:
        """What answers HTTP requests (ASGI)."""
        return create_app(self._rest, self.registry, self.options.demo_page)

    def close(self) -> None:
        """End all threads and processes, and let go of the models."""
        for follower in self._following:
            follower.stop()
        self._rest.close()
        if self._scheduler is not None:
            self._scheduler.close()
        self.manager.reload([])


def _scheduler(batching: Batching | None) -> Scheduler | None:
    if batching is None:
        return None
    return Scheduler(batching.parameters.num_batch_threads, batching.parameters.thread_pool_name)


def _loading(loader: Loader, options: ServerOptions) -> Loading:
    return Loading(
        loader,
        options.max_num_load_retries,
        options.load_retry_interval_micros / 1e6,
        options.allow_version_labels_for_unavailable_models,
    )


def _rest_options(
    options: ServerOptions, limits: Limits, monitoring_path: str | None
) -> RestOptions:
    return RestOptions(
        threads=options.rest_api_num_threads,
        waiting=options.max_waiting_requests,
        seconds=options.rest_api_timeout_in_ms / 1000,
        limits=limits,
        cors=options.rest_api_enable_cors_support,
        monitoring_path=monitoring_path,
    )
