"""From a version directory to a model that has shown that it answers. Imports TensorFlow."""

from dataclasses import dataclass

from serving.batching.batch_scheduler import Scheduler
from serving.batching.batched_model import BatchedModel
from serving.batching.flags import Batching
from serving.inference.limits import Limits
from serving.inference.servable import Servable
from serving.metrics import Metrics
from serving.models.golden import check_golden
from serving.models.loaded_model import LoadedModel
from serving.models.versions import VersionDirectory
from serving.server.warmup import warm_up


@dataclass(frozen=True)
class Loader:
    """Loads versions.

    Attributes:
        warm_up: whether the model's warm-up requests are run.
        iterations: how often each of them is.
        limits: the largest request that a model answers.
        metrics: where the time in the graph is counted.
        batching: which models are batched; None is none.
        scheduler: the threads that run batches.
    """

    warm_up: bool = True
    iterations: int = 1
    limits: Limits = Limits()
    metrics: Metrics | None = None
    batching: Batching | None = None
    scheduler: Scheduler | None = None

    def __call__(self, directory: VersionDirectory) -> Servable:
        """Load a version, ask its golden requests and run its warm-up requests.

        Raises:
            InputError: it cannot be loaded, fails one, or answers another way than it must.
        """
        parameters = self.batching.parameters_of(directory.path) if self.batching else None
        model: Servable = LoadedModel(directory, self.metrics)
        check_golden(model, directory)
        if parameters and self.scheduler:
            model = BatchedModel(model, self.scheduler, parameters)
        if self.warm_up:
            warm_up(model, directory, self.iterations)
        # Only now: what a model brings along may be larger than what strangers may ask.
        model.limits = self.limits
        return model
