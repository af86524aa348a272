"""Which models are served: finds the version a request asks for."""

from collections.abc import Iterable

from serving.errors import invalid_argument, not_found
from serving.models import LoadedModel
from serving.urls import Call


class Registry:
    """The loaded models by name and version."""

    def __init__(self, models: Iterable[LoadedModel]):
        self._models: dict[str, dict[int, LoadedModel]] = {}
        for model in models:
            self._models.setdefault(model.name, {})[model.version] = model

    def find(self, call: Call) -> LoadedModel:
        """The version that an inference or metadata call asks for; the newest if it names none.

        Raises:
            ServingError: NOT_FOUND, no such model or version; INVALID_ARGUMENT, no such label.
        """
        if call.label is not None:
            raise invalid_argument(f"Unrecognized servable version label: {call.label}")
        versions = self._models.get(call.model, {})
        if call.version is None and versions:
            return versions[max(versions)]
        if call.version in versions:
            return versions[call.version]
        raise not_found(f"Servable not found for request: {_request_text(call)}")

    def versions(self, call: Call) -> list[int]:
        """The versions that a status call asks about, newest first. A label is ignored.

        Raises:
            ServingError: NOT_FOUND, no such model or version.
        """
        versions = self._models.get(call.model, {})
        if not versions:
            raise not_found(f"Could not find any versions of model {call.model}")
        if call.version is None:
            return sorted(versions, reverse=True)
        if call.version not in versions:
            raise not_found(f"Could not find version {call.version} of model {call.model}")
        return [call.version]


def _request_text(call: Call) -> str:
    if call.version is None:
        return f"Latest({call.model})"
    return f"Specific({call.model}, {call.version})"
