"""The run directory: what training leaves behind, and all that later stages read.

| file | holds |
|---|---|
| `config.json` | every setting, resolved (`seqrec_tf.config`) |
| `environment.json` | versions, machine, command, date |
| `metrics.json` | protocol and metrics; written last: a run without it is not complete |
| `history.csv` | loss and validation metrics an epoch |
| `model.keras` | encoder and item table |
| `items.csv` | row, raw id, title, count in the training part |
| `logs/` | TensorBoard |
| `README.md`, `learning_curve.png`, `breakdown.png` | model card |
| `checkpoint/` | last and best epoch, for `--resume` |
"""

import dataclasses
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from seqrec_tf.config import RunConfig, read_config
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json, write_json

RUNS = Path("runs")
LATEST = RUNS / "latest"
PACKAGES = ("tensorflow", "keras", "keras-hub", "keras-rs", "numpy", "pandas")


@dataclass(frozen=True)
class Run:
    """A finished run, read back.

    Attributes:
        path: its directory.
        config: its configuration.
        metrics: the content of `metrics.json`.
        encoder: `seqrec_tf.models.Encoder`, with the best epoch's weights.
        catalogue: `seqrec_tf.data.catalogue.Catalogue`.
    """

    path: Path
    config: RunConfig
    metrics: dict
    encoder: "Encoder"  # noqa: F821 - importing it here would import TensorFlow for --help
    catalogue: "Catalogue"  # noqa: F821


def read_run(path: Path) -> Run:
    """Read a finished run.

    Raises:
        InputError: there is no finished run at `path`, or its files are damaged or not of one run.
    """
    from seqrec_tf.data.catalogue import Catalogue
    from seqrec_tf.models import Encoder, load_encoder

    config = read_config(require_finished(path) / "config.json")
    catalogue = Catalogue.read(path / "items.csv", config.data.id_type, config.data.id_name)
    encoder = load_encoder(path / "model.keras")
    if not isinstance(encoder, Encoder) or encoder.items != catalogue.size:
        raise InputError(
            f"{path / 'model.keras'}: expected an encoder of the {catalogue.size} items in "
            f"items.csv. Received: {type(encoder).__name__} of {getattr(encoder, 'items', 'no')}."
        )
    return Run(
        path=path,
        config=config,
        metrics=read_json(path / "metrics.json"),
        encoder=encoder,
        catalogue=dataclasses.replace(catalogue, id_name=config.data.id_name),
    )


def require_finished(path: Path) -> Path:
    """`path`, if it holds a finished run.

    Raises:
        InputError: it does not.
    """
    if not path.exists():
        raise InputError(
            f"{path}: no such run; train one with `python -m seqrec_tf.train` or name one."
        )
    if not (path / "metrics.json").is_file():
        raise InputError(
            f"{path}: expected a finished run, with metrics.json; continue it with "
            f"`python -m seqrec_tf.train --resume --run {path}`."
        )
    return path


def default_run(config: RunConfig) -> Path:
    """`runs/<data>-<encoder>-<UTC time>` for a training without `--run`."""
    data = config.data
    name = Path(data.interactions).stem if data.interactions else data.dataset
    name = re.sub(r"[*?\[\]]", "", name) or "log"  # of a pattern
    return RUNS / f"{name}-{config.encoder.encoder}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def require_free(path: Path, force: bool) -> None:
    """Refuse to write into a folder with something in it.

    Raises:
        InputError: `path` exists, is not empty, and `force` is off, or it is no run: a slip of
            the pen must not remove somebody's folder.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"--run: expected a folder. Received: the file {path}.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise InputError(
            f"--run: {path} exists; give --force to replace it or --resume to continue it."
        )
    if path.is_dir() and any(path.iterdir()) and not (path / "config.json").is_file():
        raise InputError(
            f"--force: replaces a run, and {path} has no config.json, so it is not one."
        )


def create_run(path: Path, config: RunConfig) -> None:
    """Make an empty run directory that says what it will hold; removes what was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    write_json(path / "config.json", config.as_dict())
    write_json(path / "environment.json", environment())


def point_latest(path: Path) -> None:
    """Let `runs/latest` mean this run, atomically."""
    RUNS.mkdir(exist_ok=True)
    link = RUNS / f".latest-{os.getpid()}"
    link.symlink_to(os.path.relpath(path, RUNS))
    os.replace(link, LATEST)


def environment() -> dict:
    """Versions, machine, command and date, for `environment.json`."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
