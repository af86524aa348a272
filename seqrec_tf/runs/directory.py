"""The run directory: what training leaves behind, and all that later stages read.

| file | holds |
|---|---|
| `config.json` | every setting, resolved (`seqrec_tf.settings.config`) |
| `environment.json` | versions, machine, command, date |
| `metrics.json` | protocol, metrics and the model's digest; a run without it is not complete |
| `history.csv` | loss and validation metrics an epoch |
| `model.keras` | encoder and item table |
| `evaluated.keras` | after a refit: what the metrics are of |
| `items.csv` | row, raw id, title, count in the training part |
| `search.json` | after a search: what was considered (`seqrec_tf.runs.search`) |
| `interactions.json` | what the log of the training is known by (`seqrec_tf.data.log_digest`) |
| `logs/` | TensorBoard |
| `README.md`, `learning_curve.png`, `breakdown.png` | model card |
| `checkpoint/` | last and best epoch, for `--resume` |

How it changes is in `seqrec_tf.runs.changes`.
"""

import dataclasses
import hashlib
import os
import platform
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from seqrec_tf.errors import InputError, warn
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.folders import locked
from seqrec_tf.json_files import read_json, write_json
from seqrec_tf.runs.changes import METRICS, claimed
from seqrec_tf.settings.config import RunConfig
from seqrec_tf.settings.config_files import read_config
from seqrec_tf.versions import package_version

if TYPE_CHECKING:  # importing these imports TensorFlow or pandas, which --help does without
    import numpy as np

    from seqrec_tf.data.catalogue import Catalogue
    from seqrec_tf.data.log_digest import LogDigest
    from seqrec_tf.models import Encoder

RUNS = Path("runs")
LATEST = RUNS / "latest"
EVALUATED = "evaluated.keras"
MODEL, ITEMS, LOG = "model.keras", "items.csv", "interactions.json"
CARDS = ("README.md", "learning_curve.png", "breakdown.png")
ATTEMPTS = 5  # at a run that changes while it is read
PACKAGES = ("tensorflow", "keras", "keras-hub", "keras-rs", "numpy", "pandas")


@dataclass(frozen=True)
class Run:
    """A finished run, read back.

    Attributes:
        path: its directory, never a link.
        config: its configuration.
        metrics: of its model.
        encoder: `seqrec_tf.models.Encoder`, with the best epoch's weights; after a refit the one
            that has learnt from all interactions.
        catalogue: `seqrec_tf.data.catalogue.Catalogue`.
        cards: the model card and its pictures, as far as they are there, by name.
        log: what the log of the training is known by; None in runs from before there was that.
        evaluated: after a refit, the encoder that `metrics` are of.
    """

    path: Path
    config: RunConfig
    metrics: Metrics
    encoder: "Encoder"
    catalogue: "Catalogue"
    cards: dict[str, bytes] = dataclasses.field(default_factory=dict)
    log: "LogDigest | None" = None
    evaluated: "Encoder | None" = None

    @property
    def measured(self) -> "Encoder":
        """What `metrics` are of."""
        return self.evaluated or self.encoder


def read_run(path: str | os.PathLike) -> Run:
    """Read a finished run, all of it from before or from after a training that writes meanwhile.

    Raises:
        InputError: there is no finished run at `path`, or its files are damaged or not of one run.
    """
    path = resolve_run(Path(path))
    for _ in range(ATTEMPTS):
        before = _state(path)
        try:
            run = _read_files(path)
        except (InputError, OSError):
            if _state(path) == before:
                raise
            continue
        if _state(path) == before:
            return run
    raise InputError(f"{path}: expected a run at rest. Received: one that changes all the time.")


def _state(path: Path) -> list[tuple]:
    """What differs between two looks if the run has changed."""
    found = [os.stat(each) for each in (path, path / METRICS) if each.exists()]
    return [(each.st_dev, each.st_ino, each.st_mtime_ns) for each in found]


def _read_files(path: Path) -> Run:
    config = read_config(require_finished(path) / "config.json")
    metrics = Metrics.read(path / METRICS)
    catalogue = read_catalogue(path, config)
    refit = metrics.refit
    evaluated = _encoder(path / EVALUATED, catalogue, metrics.model_digest) if refit else None
    digest = refit["model_digest"] if refit else metrics.model_digest
    return Run(
        path=path,
        config=config,
        metrics=metrics,
        encoder=_encoder(path / MODEL, catalogue, digest),
        catalogue=catalogue,
        cards={name: (path / name).read_bytes() for name in CARDS if (path / name).is_file()},
        log=read_log(path)[0],
        evaluated=evaluated,
    )


def _encoder(file: Path, catalogue: "Catalogue", digest: str | None) -> "Encoder":
    from seqrec_tf.models import Encoder, load_encoder

    _require_digest(file, digest)
    encoder = load_encoder(file)
    if not isinstance(encoder, Encoder) or encoder.items != catalogue.size:
        raise InputError(
            f"{file}: expected an encoder of the {catalogue.size} items in "
            f"items.csv. Received: {type(encoder).__name__} of {getattr(encoder, 'items', 'no')}."
        )
    return encoder


def read_log(path: Path) -> tuple["LogDigest | None", "np.ndarray | None"]:
    """What a run's log is known by, and its item ids; None for what older runs do not have.

    Raises:
        InputError: a damaged file.
    """
    from seqrec_tf.data.log_digest import LogDigest

    file = path / LOG
    log = LogDigest.from_dict(read_json(file), str(file)) if file.is_file() else None
    if not (path / ITEMS).is_file():
        return log, None
    return log, read_catalogue(path, read_config(path / "config.json")).ids


def read_catalogue(path: Path, config: RunConfig) -> "Catalogue":
    """A run's `items.csv`.

    Raises:
        InputError: a damaged file.
    """
    from seqrec_tf.data.catalogue import Catalogue

    catalogue = Catalogue.read(path / ITEMS, config.data.id_type, config.data.id_name)
    return dataclasses.replace(catalogue, id_name=config.data.id_name)


def file_digest(path: Path) -> str:
    """`sha256:` and the digest of a file's content."""
    with open(path, "rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _require_digest(model: Path, expected: str | None) -> None:
    """Refuse another model than the metrics name; older runs do not name theirs."""
    if expected and model.is_file() and (received := file_digest(model)) != expected:
        raise InputError(
            f"{model}: expected the model that {METRICS} names, {expected}. "
            f"Received: {received}; `python -m seqrec_tf.train --resume --run {model.parent}` "
            "writes both anew."
        )


def resolve_run(path: Path) -> Path:
    """The run directory that a path means: a link, such as `runs/latest`, is followed.

    Raises:
        InputError: a link to nowhere, or to itself.
    """
    if path.is_symlink() and not path.exists():
        raise InputError(
            f"{path}: expected a run, or a link to one; train one with `python -m "
            f"seqrec_tf.train`, or name one. Received: a link to {os.readlink(path)}, "
            "where nothing is."
        )
    if not path.is_symlink() and path.name not in ("", ".."):
        return path
    place, here = path.resolve(), Path.cwd()
    if path.is_absolute() or not place.is_relative_to(here):
        return place
    return place.relative_to(here)


def require_finished(path: Path) -> Path:
    """`path`, if it holds a finished run.

    Raises:
        InputError: it does not.
    """
    resolve_run(path)
    if not path.exists():
        raise InputError(
            f"{path}: no such run; train one with `python -m seqrec_tf.train` or name one."
        )
    if not (path / METRICS).is_file():
        raise InputError(
            f"{path}: expected a finished run, with metrics.json; continue it with "
            f"`python -m seqrec_tf.train --resume --run {path}`."
        )
    return path


def default_run(config: RunConfig) -> Path:
    """`runs/<data>-<encoder>-<UTC time>` for a training without `--run`."""
    data = config.data
    name = Path(data.interactions).stem if data.interactions else data.name
    name = re.sub(r"[*?\[\]]", "", name).replace("/", "-") or "log"  # of a pattern
    path = RUNS / f"{name}-{config.encoder.encoder}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    numbered = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(each for each in chain([path], numbered) if not os.path.lexists(each))


def require_free(path: Path, force: bool) -> None:
    """Refuse to write into a folder with something in it, or under the name of the newest run.

    Raises:
        InputError: `path` exists, is not empty, and `force` is off, or it is no run: a slip of
            the pen must not remove somebody's folder.
    """
    if os.path.abspath(path) == os.path.abspath(LATEST):
        raise InputError(
            f"--run: {path} is the name of the link to the newest run; expected another. "
            "Received: no link of that name."
        )
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
    with claimed(path) as claim, claim.created(force=True) as folder:
        write_json(folder / "config.json", config.as_dict())
        write_json(folder / "environment.json", environment())


def point_latest(path: Path) -> None:
    """Let `runs/latest` mean this run, atomically; where that cannot be, say so."""
    target = os.path.relpath(os.path.realpath(path), os.path.realpath(RUNS))
    try:
        RUNS.mkdir(exist_ok=True)
        if LATEST.exists() and not LATEST.is_symlink():
            raise FileExistsError(f"{LATEST} is no link")
        link = RUNS / ".latest-partial"
        with locked(RUNS):
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            os.replace(link, LATEST)
    except OSError as error:
        warn(f"{LATEST} does not mean {path} now: {error}")


def environment(start: Run | None = None) -> dict:
    """Versions, machine, command and date, and the run started from, for `environment.json`."""
    origin = {"run": str(start.path), "model_digest": start.metrics.model_digest} if start else None
    return ({"continued_from": origin} if origin else {}) | {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: package_version(name) for name in PACKAGES},
    }
