"""Which models are served: how every version is, and the one a request asks for."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from serving.inference.servable import Servable
from serving.models.versions import VersionDirectory
from serving.protocol.errors import ServingError, invalid_argument, not_found
from serving.protocol.urls import Call


class State(StrEnum):
    """The stages of a version's life, by TensorFlow Serving's names."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True)
class Version:
    """One version of a model, as it is now.

    Attributes:
        directory: where it comes from.
        state: the stage of its life.
        error: why it could not be loaded; None if it could, or nobody tried yet.
        model: what answers requests while it is available.
        is_readable: whether its files could be read, as far as anybody tried.
    """

    directory: VersionDirectory
    state: State
    error: ServingError | None = None
    model: Servable | None = None
    is_readable: bool = True

    @property
    def version(self) -> int:
        """Its number."""
        return self.directory.version

    @property
    def reason(self) -> str:
        """Why it could not be loaded; "" if it could, or nobody tried yet."""
        return "" if self.error is None else self.error.message


class Registry:
    """The versions by model and number. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: dict[str, dict[int, Version]] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._unreadable: set[str] = set()

    def record(self, version: Version) -> None:
        """Note how a version is now."""
        directory = version.directory
        with self._lock:
            self._models.setdefault(directory.model, {})[directory.version] = version

    def change(self, version: Version, state: State, **changes: Any) -> Version:
        """Note a version's next state; its model is let go of unless it is given."""
        changed = replace(version, state=state, **{"model": None, **changes})
        self.record(changed)
        return changed

    def known(self, model: str) -> dict[int, Version]:
        """All versions there are or were, by number."""
        with self._lock:
            return dict(self._models.get(model, {}))

    def models(self) -> list[str]:
        """The names of all models there are or were."""
        with self._lock:
            return sorted(self._models)

    def label(self, model: str, labels: Mapping[str, int]) -> None:
        """Replace a model's version labels."""
        with self._lock:
            self._labels[model] = dict(labels)

    def labels(self, model: str) -> dict[str, int]:
        """A model's version labels."""
        with self._lock:
            return dict(self._labels.get(model, {}))

    def set_unreadable(self, models: Iterable[str]) -> None:
        """Note which models' base paths cannot be read."""
        with self._lock:
            self._unreadable = set(models)

    def available(self) -> dict[str, list[int]]:
        """The versions that answer, newest first, of every model that has one."""
        numbers = {name: self._available(name) for name in self.models()}
        return {name: sorted(found, reverse=True) for name, found in numbers.items() if found}

    def waiting(self) -> list[str]:
        """The models that should answer and cannot: a version failed, or is still to come.

        Not those whose versions have all been unloaded, because nobody wants them any more.
        """
        with self._lock:
            unreadable = set(self._unreadable)
        versions = {name: self.known(name).values() for name in {*self.models(), *unreadable}}
        return [
            name
            for name in versions.keys() - self.available().keys()
            if name in unreadable
            or any(version.error or version.state != State.END for version in versions[name])
        ]

    def find(self, call: Call) -> Servable:
        """The version that an inference or metadata call asks for; the newest if it names none.

        Raises:
            ServingError: NOT_FOUND, no such model or version; INVALID_ARGUMENT, no such label.
        """
        number = call.version
        if call.label is not None:
            number = self.labels(call.model).get(call.label)
            if number is None:
                raise invalid_argument(f"Unrecognized servable version label: {call.label}")
        models = self._available(call.model)
        if number is None and models:
            return models[max(models)]
        if number in models:
            return models[number]
        raise not_found(f"Servable not found for request: {_request_text(call.model, number)}")

    def versions(self, call: Call) -> list[Version]:
        """The versions that a status call asks about, newest first. A label is ignored.

        Raises:
            ServingError: NOT_FOUND, no such model or version.
        """
        versions = self.known(call.model)
        if not versions:
            raise not_found(f"Could not find any versions of model {call.model}")
        if call.version is None:
            return [versions[number] for number in sorted(versions, reverse=True)]
        if call.version not in versions:
            raise not_found(f"Could not find version {call.version} of model {call.model}")
        return [versions[call.version]]

    def _available(self, model: str) -> dict[int, Servable]:
        known = self.known(model).items()
        answering = {n: found.model for n, found in known if found.state == State.AVAILABLE}
        return {number: model for number, model in answering.items() if model is not None}


def _request_text(model: str, version: int | None) -> str:
    return f"Latest({model})" if version is None else f"Specific({model}, {version})"
