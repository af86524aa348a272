"""Keeps what is served in step with the configuration and with the folders of versions.

As in TensorFlow Serving: a new version is loaded before an old one is unloaded, one that fails to
load never replaces a good one and is not tried again while it stays there, and a base path that is
gone leaves everything as it is. Unlike there, what cannot be read concerns nobody else: a version
stands with its error, and the next readable one is served; a base path leaves its model as it is.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from serving.inference.deadline import require_time
from serving.inference.servable import Servable
from serving.models.model_config import ModelConfig
from serving.models.registry import Registry, State, Version
from serving.models.versions import VersionDirectory, find_versions
from serving.protocol.errors import InputError, ServingError, UnreadableError
from serving.protocol.status import Code

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loading:
    """How versions are loaded.

    Attributes:
        load: makes a model of a version directory, or raises.
        retries: attempts after the first one.
        interval: seconds between attempts.
        labels_may_wait: whether a new label may name a version that is not available.
    """

    load: Callable[[VersionDirectory], Servable]
    retries: int = 0
    interval: float = 60.0
    labels_may_wait: bool = False


class Manager:
    """Loads and unloads versions.

    Args:
        registry: where the versions are noted.
        loading: how they are loaded.
    """

    def __init__(self, registry: Registry, loading: Loading):
        self._registry = registry
        self._loading = loading
        self._configs: dict[str, ModelConfig] = {}
        self._unreadable: dict[str, str] = {}  # model -> why its base path cannot be read
        self._changing = threading.Lock()

    def reload(self, configs: list[ModelConfig]) -> None:
        """Serve these models and no others; returns when their versions are loaded.

        Raises:
            InputError: a label or a base path is not there, and nothing has changed; or none of
                the versions of a model can be loaded, and everything else has.
            UnreadableError: the same, only because files cannot be read.
            Ended: whoever asked waits no more; nothing has changed.
        """
        with self._changing:
            require_time()  # another change may have taken longer than somebody waits
            self._require_labels(configs)
            wanted = self._look(configs)
            self._configs = {config.name: config for config in configs}
            failed = self._follow(wanted)
            for name in self._registry.models():
                labels = self._configs[name].labels if name in self._configs else {}
                self._registry.label(name, labels)
            unreadable = [version.reason for version in failed if not version.is_readable]
            unreadable += self._unreadable.values()
        for version in failed:
            if version.is_readable:
                raise InputError(version.reason)
        if unreadable:
            raise UnreadableError(unreadable[0])

    def poll(self) -> None:
        """Look for new versions and for those that are gone.

        Raises:
            InputError: the base path of a model is not there; nothing has changed for any model.
        """
        with self._changing:
            self._follow(self._look(self._configs.values()))

    def _look(self, configs: Iterable[ModelConfig]) -> dict[str, list[VersionDirectory] | None]:
        """The versions that each model is to have; None where its base path cannot be read."""
        wanted: dict[str, list[VersionDirectory] | None] = {}
        unreadable: dict[str, str] = {}
        for config in configs:
            try:
                wanted[config.name] = self._wanted(config)
            except OSError as error:
                wanted[config.name] = None
                reason = f"base path {config.base_path}: {error.strerror or error}"
                unreadable[config.name] = f"model {config.name!r}: {reason}"
        for name, reason in unreadable.items():
            # Said once, not every second.
            if reason != self._unreadable.get(name):
                logger.error("%s; the model stays as it is", reason)
        self._unreadable = unreadable
        self._registry.set_unreadable(unreadable)
        return wanted

    def _wanted(self, config: ModelConfig) -> list[VersionDirectory]:
        """What the policy chooses, and where that cannot be read what it chooses of the rest."""
        found = {found.version: found for found in find_versions(config.name, config.base_path)}
        known = self._registry.known(config.name)
        loaded = {number for number in known if known[number].state == State.AVAILABLE}
        readable = [number for number in found if number in loaded or not found[number].unreadable]
        chosen = {*config.policy.choose(list(found)), *config.policy.choose(readable)}
        return [found[number] for number in sorted(chosen, reverse=True)]

    def _follow(self, wanted: dict[str, list[VersionDirectory] | None]) -> list[Version]:
        """Load what is wanted, then unload what is not.

        Returns:
            The versions that could not be loaded, of models of which none could.
        """
        failed = []
        for name in {**dict.fromkeys(self._registry.models()), **wanted}:
            directories = wanted.get(name, [])
            if directories is None:
                continue
            versions = [self._ensure_loaded(directory) for directory in directories]
            if not versions or any(version.state == State.AVAILABLE for version in versions):
                self._unload_others(name, {directory.version for directory in directories})
            else:
                failed += [version for version in versions if version.error]
        return failed

    def _ensure_loaded(self, directory: VersionDirectory) -> Version:
        known = self._registry.known(directory.model).get(directory.version)
        if known and known.state == State.AVAILABLE:
            return known
        # A failed one is tried again when it was gone, or could not be read, in between.
        if known and known.error and known.directory == directory:
            return known
        version = Version(directory, State.START)
        if directory.unreadable:
            return self._fail(version, directory.unreadable, is_readable=False)
        version = self._registry.change(version, State.LOADING)
        try:
            model = self._load(directory)
        except Exception as error:  # a file from elsewhere can fail in any way at all
            reason = " ".join(str(error).split()) or repr(error)
            is_readable = not isinstance(error, (OSError, UnreadableError))
            return self._fail(version, reason, is_readable)
        logger.info("serving model %s version %d", directory.model, directory.version)
        return self._registry.change(version, State.AVAILABLE, model=model)

    def _fail(self, version: Version, reason: str, is_readable: bool) -> Version:
        directory = version.directory
        logger.error("model %s version %d: %s", directory.model, directory.version, reason)
        cause = ServingError(Code.UNKNOWN, reason)
        return self._registry.change(version, State.END, error=cause, is_readable=is_readable)

    def _load(self, directory: VersionDirectory) -> Servable:
        for _ in range(self._loading.retries):
            try:
                return self._loading.load(directory)
            except Exception as error:
                logger.warning("%s; trying again in %g s", error, self._loading.interval)
                time.sleep(self._loading.interval)
        return self._loading.load(directory)

    def _unload_others(self, name: str, kept: set[int]) -> None:
        for number, version in self._registry.known(name).items():
            if number in kept:
                continue
            if version.state == State.AVAILABLE:
                # Requests under way hold the model until they are answered.
                self._registry.change(version, State.UNLOADING)
                gc.collect()  # what TensorFlow restores refers to itself
                logger.info("unloaded model %s version %d", name, number)
            # Without its error, so that it is tried again if it comes back.
            self._registry.change(version, State.END, error=None)

    def _require_labels(self, configs: list[ModelConfig]) -> None:
        for config in configs:
            known, used = self._registry.known(config.name), self._registry.labels(config.name)
            for label, number in config.labels.items():
                available = number in known and known[number].state == State.AVAILABLE
                if not available and (label in used or not self._loading.labels_may_wait):
                    raise InputError(
                        f"model {config.name!r}: expected label {label!r} to name a version that "
                        f"is available; serve it first, then label it. Received: {number}"
                    )
