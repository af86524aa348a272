"""Moving the labels `canary`, `stable` and `previous` from version to version.

TensorFlow Serving refuses to move a label to a version that is not available. So a version is
served first, by naming it in the version policy, and labelled in a second change of the file.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from serving.models.golden import FILE, GoldenError, check_golden
from serving.models.versions import VersionDirectory, find_versions
from serving.protocol.errors import InputError
from serving.rollout.config_file import ConfigFile
from serving.rollout.remote_model import AVAILABLE, RemoteModel

CANARY, STABLE, PREVIOUS = "canary", "stable", "previous"
POLL_SECONDS = 0.2

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A check speaks against the roll-out; the message says which."""


@dataclass(frozen=True)
class Rollout:
    """The roll-out of one model.

    Attributes:
        file: the server's configuration.
        remote: the model on the server.
        base_path: the folder of its versions, on this machine.
        unchecked: whether a version without golden requests is accepted.
        timeout: seconds to wait for the server after each change of the file.
        apply: called after each change of the file.
    """

    file: ConfigFile
    remote: RemoteModel
    base_path: Path
    unchecked: bool
    timeout: float
    apply: Callable[[], None]

    def start_canary(self, version: int) -> None:
        """Serve a version beside the stable one, check its answers, label it `canary`.

        Raises:
            Refused: it does not load or answers otherwise, and the file is as it was.
            InputError: it is not on disk, or the server cannot be reached.
        """
        self._require_on_disk(version)
        labels = self.file.labels
        stable = labels.get(STABLE) or self._served_beside(version)
        if stable is not None:
            labels[STABLE] = stable
        with self._restored_on_failure():
            served = {version, *labels.values()}
            if not served <= set(self.file.versions):
                logger.info("serving versions %s", ", ".join(map(str, sorted(served))))
                self._write(served, self.file.labels)
            self._wait_until_available(served)
            self._check(version)
            self._label(labels | {CANARY: version})

    def promote(self) -> None:
        """Check the canary's answers again and label it `stable`; the one before, `previous`.

        Raises:
            Refused: it answers otherwise, and the file is as it was.
            InputError: there is no canary, or the server cannot be reached.
        """
        labels = self.file.labels
        version = self._require_label(CANARY)
        if labels.get(STABLE) == version:
            raise InputError(f"version {version} is stable already; label another one canary first")
        if STABLE in labels:
            labels[PREVIOUS] = labels[STABLE]
        self._require_on_disk(version)
        with self._restored_on_failure():
            self._wait_until_available({version})
            self._check(version)
            self._label(labels | {STABLE: version})

    def roll_back(self) -> None:
        """Label the previous version `stable` again; its answers were checked when it was new.

        Raises:
            Refused: it is not available, and the file is as it was.
            InputError: there is no previous version, or the server cannot be reached.
        """
        version = self._require_label(PREVIOUS)
        labels = self.file.labels | {STABLE: version}
        del labels[PREVIOUS]
        with self._restored_on_failure():
            self._wait_until_available({version})
            self._label(labels)

    def _label(self, labels: dict[str, int]) -> None:
        """Write labels, serve what they name and no more, and wait for the server."""
        self._write(set(labels.values()), labels)
        for label, version in labels.items():
            logger.info("waiting for label %s of version %d", label, version)
            self._wait(
                partial(self._leads_to, label, version),
                f"label {label!r} to lead to version {version}",
            )

    def _leads_to(self, label: str, version: int) -> bool:
        return self.remote.labelled(label) == version

    def _write(self, versions: set[int], labels: dict[str, int]) -> None:
        self.file.write(versions, labels)
        self.apply()

    @contextmanager
    def _restored_on_failure(self) -> Iterator[None]:
        self.remote.states()  # before anything is written: is this a server at all?
        try:
            yield
        except BaseException:
            if self.file.restore():
                logger.info("the file is as it was")
                self.apply()
            raise

    def _check(self, version: int) -> None:
        directory = self._require_on_disk(version)
        try:
            asked = check_golden(self.remote.version(version), directory)
        except GoldenError as error:
            raise Refused(str(error)) from error
        if not asked and not self.unchecked:
            raise Refused(
                f"version {version} has no golden requests; expected {directory.path / FILE}, or "
                "--unchecked"
            )
        logger.info("version %d answers %d golden requests as it must", version, asked)

    def _wait_until_available(self, versions: set[int]) -> None:
        def all_available() -> bool:
            states = self.remote.states()
            for version in versions & states.keys():
                if states[version].error:
                    raise Refused(f"version {version} does not load: {states[version].error}")
            return all(
                version in states and states[version].state == AVAILABLE for version in versions
            )

        numbers = ", ".join(map(str, sorted(versions)))
        self._wait(all_available, f"version {numbers} to be available")

    def _wait(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                if happened():
                    return
                received = "no such answer"
            except InputError as error:  # a server that is being restarted, perhaps
                received = str(error)
            if time.monotonic() > deadline:
                raise Refused(
                    f"expected {what} within {self.timeout:g} s; does the server poll the file "
                    f"(--model_config_file_poll_wait_seconds)? Received: {received}"
                )
            time.sleep(POLL_SECONDS)

    def _served_beside(self, version: int) -> int | None:
        """What is served so far, to stay beside a first canary: the highest other version."""
        states = self.remote.states()
        available = [number for number, each in states.items() if each.state == AVAILABLE]
        on_disk = [each.version for each in find_versions(self.file.entry.name, self.base_path)]
        below = [number for number in on_disk if number < version]
        for candidates in (self.file.versions, available, below):
            others = set(candidates) - {version}
            if others:
                return max(others)
        return None

    def _require_on_disk(self, version: int) -> VersionDirectory:
        found = find_versions(self.file.entry.name, self.base_path)
        for directory in found:
            if directory.version == version and not directory.unreadable:
                return directory
        there = ", ".join(directory.unreadable or str(directory.version) for directory in found)
        raise InputError(
            f"version {version}: expected {self.base_path / str(version)} with a SavedModel. "
            f"Received: {there or 'no version at all'}"
        )

    def _require_label(self, label: str) -> int:
        if label not in self.file.labels:
            raise InputError(
                f"expected a version with the label {label!r} in the file. "
                f"Received: {self.file.labels or 'no labels'}"
            )
        return self.file.labels[label]
