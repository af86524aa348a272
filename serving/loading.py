"""From a version directory to a model that has shown that it answers. Imports TensorFlow."""

from dataclasses import dataclass

from serving.golden import check_golden
from serving.limits import Limits
from serving.metrics import Metrics
from serving.models import LoadedModel
from serving.versions import VersionDirectory
from serving.warmup import warm_up


@dataclass(frozen=True)
class Loader:
    """Loads versions.

    Attributes:
        warm_up: whether the model's warm-up requests are run.
        iterations: how often each of them is.
        limits: the largest request that a model answers.
        metrics: where the time in the graph is counted.
    """

    warm_up: bool = True
    iterations: int = 1
    limits: Limits = Limits()
    metrics: Metrics | None = None

    def __call__(self, directory: VersionDirectory) -> LoadedModel:
        """Load a version, ask its golden requests and run its warm-up requests.

        Raises:
            InputError: it cannot be loaded, fails one, or answers another way than it must.
        """
        model = LoadedModel(directory, self.limits, self.metrics)
        check_golden(model, directory)
        if self.warm_up:
            warm_up(model, directory, self.iterations)
        return model
