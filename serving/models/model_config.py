"""Which models to serve: flags, or a file in TensorFlow Serving's text form.

model_config_list {
  config {
    name: "seqrec" base_path: "/models/seqrec" model_platform: "tensorflow"
    model_version_policy { specific { versions: 1 versions: 2 } }
    version_labels { key: "stable" value: 1 }
  }
}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf import text_format

from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.text_proto import read_text_proto

PLATFORM = "tensorflow"

_TYPE_TENSORFLOW = 1  # of the enumeration that platforms replaced
_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9.]*)://(?P<host>[^/]*)(?P<path>.*)", re.DOTALL)


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions on disk are served.

    Attributes:
        latest: so many of the newest; None for all of them.
        specific: these instead, if there are any.
    """

    latest: int | None = 1
    specific: tuple[int, ...] = ()

    def choose(self, versions: list[int]) -> list[int]:
        """The versions to serve, of those on disk (newest first); newest first."""
        if self.specific:
            return [version for version in versions if version in self.specific]
        return versions[: self.latest]


@dataclass(frozen=True)
class ModelConfig:
    """One model to serve.

    Attributes:
        name: its name in URLs.
        base_path: the directory of its version directories, absolute.
        policy: which of its versions are served.
        labels: version labels, such as `stable`, and the versions they stand for.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)


def read_model_configs(path: Path) -> list[ModelConfig]:
    """Read a `--model_config_file`.

    Raises:
        InputError: not that text form, a field TensorFlow Serving does not know, a relative base
            path or one of another machine, another platform, a name given twice, or no list.
        OSError: the file cannot be read.
    """
    # Here, as it is needed for such files only.
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    return model_configs(read_text_proto(path, ModelServerConfig()), str(path))


def model_configs(message: DynamicMessage, where: str) -> list[ModelConfig]:
    """The models of a `ModelServerConfig`; `where` it comes from, for messages.

    Raises:
        InputError: as `read_model_configs`.
    """
    if message.WhichOneof("config") != "model_config_list":
        raise InputError(f"{where}: expected model_config_list {{ config {{ ... }} }}; no model")
    entries = message.model_config_list.config
    configs = [_checked(entry, f"{where}, config {i}") for i, entry in enumerate(entries, 1)]
    _reject_duplicates(configs, where)
    return configs


def local_path(base_path: str) -> Path:
    """A base path as a path of this machine: `file://` URIs are, whatever host they name.

    Raises:
        InputError: a URI of another scheme.
    """
    uri = _URI.fullmatch(base_path)
    if uri is None:
        return Path(base_path)
    if uri["scheme"] != "file":
        raise InputError(
            f"expected a base path on this machine or a file:// URI. Received: {base_path!r}"
        )
    return Path(uri["path"] or "/")


def _checked(entry: DynamicMessage, where: str) -> ModelConfig:
    if not entry.name or not entry.base_path:
        raise InputError(f"{where}: expected a name and a base_path. Received: {_one_line(entry)}")
    where = f"{where}, model {entry.name!r}"
    platform = _platform(entry, where)
    if platform != PLATFORM:
        raise InputError(f"{where}: expected model_platform: {PLATFORM!r}. Received: {platform!r}")
    try:
        base_path = local_path(entry.base_path)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if not base_path.is_absolute() or "\0" in entry.base_path:
        raise InputError(f"{where}: expected an absolute base_path. Received: {entry.base_path!r}")
    policy = _policy(entry.model_version_policy)
    return ModelConfig(entry.name, base_path, policy, dict(entry.version_labels))


def _platform(entry: DynamicMessage, where: str) -> str:
    """The platform, also where only the type that it replaced is given."""
    if not entry.model_type:
        return entry.model_platform
    if entry.model_platform:
        raise InputError(
            f"{where}: expected model_platform alone. Received: model_type (deprecated) and "
            "model_platform, both"
        )
    return PLATFORM if entry.model_type == _TYPE_TENSORFLOW else "other"


def _policy(policy: DynamicMessage) -> VersionPolicy:
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return VersionPolicy(latest=None)
    if kind == "specific":
        versions = tuple(policy.specific.versions)
        # None at all, as in TensorFlow Serving: a model that is configured and not served.
        return VersionPolicy(specific=versions) if versions else VersionPolicy(latest=0)
    return VersionPolicy(max(policy.latest.num_versions, 1))


def _reject_duplicates(configs: list[ModelConfig], where: str) -> None:
    names = [config.name for config in configs]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{where}: expected every model once. Received: {names.count(name)} of {name!r}"
            )


def _one_line(message: DynamicMessage) -> str:
    return text_format.MessageToString(message, as_one_line=True) or "nothing"
