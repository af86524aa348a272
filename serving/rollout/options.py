"""What a roll-out is told: for the command and for Python alike."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RolloutOptions:
    """Which model is rolled out, and how.

    Attributes:
        config: the server's `--model_config_file`.
        url: the server.
        model: the model's name.
        models: folder of models on this machine, if the paths in the file are the server's.
        unchecked: whether a version without golden requests is accepted.
        timeout: seconds to wait for the server after each change of the file.
        apply: a command that brings the written file to the server; None without one.
    """

    config: Path
    url: str = "http://localhost:8501"
    model: str = "seqrec"
    models: Path | None = None
    unchecked: bool = False
    timeout: float = 120.0
    apply: str | None = None
