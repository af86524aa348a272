"""A hand-set encoder with answers a reader can work out, run directories, exported artifacts."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.processes import run_module

from export.artifact.documents import Golden, Sidecar
from export.building import build_lite
from export.graph.exact import exact_index
from export.graph.recommender import Recommender
from export.graph.signatures import signatures
from export.litert.folder import finish_lite, quantized
from export.litert.graph import convert
from export.litert.modes import MODES
from export.litert.samples import drawn_samples
from export.proof.runner import signature_answers
from export.sources.golden import golden_requests
from export.sources.subject import Subject
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.json_files import write_json
from seqrec_tf.models import GRU4Rec, SASRec
from seqrec_tf.runs.directory import Run, create_run, read_run
from seqrec_tf.settings.config import DataConfig, EncoderConfig, RunConfig

ITEMS = 12
WINDOW = 3
K = 4
# Of rows 1..12, adding up to 40: most popular is row 9, then 2 and 4 (a tie), then 12, 1, 7.
COUNTS = [4, 8, 0, 8, 0, 0, 3, 0, 10, 1, 1, 5]
POPULAR = [9, 2, 4, 12, 1, 7, 10, 11, 3, 5, 6, 8]


def catalogue_of(id_type: str) -> Catalogue:
    """Row r is id 11r (wide: 2^40 + r), or text, of digits for r < 4; titled `Title é r`."""
    rows = np.arange(1, ITEMS + 1)
    letters = [f"item-{chr(96 + row)}" for row in rows[3:]]
    texts = np.array(["0011", "0022", "0033", *letters], object)
    titles = np.array([f"Title é {row}" for row in rows], object)
    ids = {"int64": 11 * rows, "wide": 2**40 + rows, "string": texts}[id_type]
    id_name = "item_ids" if id_type == "string" else "movie_ids"
    return Catalogue(ids, titles, np.array(COUNTS), id_name)


def successor_encoder() -> GRU4Rec:
    """After row i, row i + 1 scores 100 and row j scores -j; but row 6 scores -5, as row 5 does.

    The GRU forgets all but its last input (update gate 0) and gives it back (tanh 100 = 1), one
    component an item; the candidates hold what they score after each item.
    """
    width = ITEMS + 1
    encoder = GRU4Rec(items=ITEMS, window=WINDOW, dim=width, layers=1, dropout=0.0)
    nothing = np.zeros((width, width))
    kernel = np.hstack([nothing, nothing, 100 * np.eye(width)])
    bias = np.hstack([np.full((2, width), -1000.0), np.zeros((2, 2 * width))])
    encoder.recurrent[0].set_weights([kernel, np.zeros_like(kernel), bias])
    encoder.query_embedding.set_weights([np.eye(width)])
    after = np.tile(-np.arange(width, dtype=float)[:, None], width)  # row j, after item i
    after[6] = -5
    after[np.arange(1, width), np.arange(width - 1)] = 100
    encoder.candidate_embedding.set_weights([after])
    return encoder


def random_encoder(seed: int, items: int = ITEMS) -> SASRec:
    """An untrained SASRec with two heads."""
    keras.utils.set_random_seed(seed)
    return SASRec(heads=2, items=items, window=WINDOW, dim=8, layers=1, dropout=0.1)


def write_run(path: Path, encoder, catalogue: Catalogue, **data) -> Run:
    """A run directory as training leaves it, read back; `data` are settings of its data."""
    id_type = "int64" if catalogue.ids.dtype == np.int64 else "string"
    name = "sasrec" if isinstance(encoder, SASRec) else "gru4rec"
    config = RunConfig(
        data=DataConfig(id_type=id_type, id_name=catalogue.id_name, **data),
        encoder=EncoderConfig(name, WINDOW, encoder.dim, encoder.depth),
    )
    create_run(path, config)
    encoder.save(path / "model.keras")
    catalogue.write(path / "items.csv")
    (path / "README.md").write_text(f"# {name}, the model card\n", encoding="utf-8")
    write_json(path / "metrics.json", {"protocol": "P1", "ndcg@10": 0.25})
    return read_run(path)


def recommender_of(encoder, catalogue: Catalogue, k: int, id_name: str) -> Recommender:
    """With exact retrieval."""
    return Recommender(encoder, catalogue, exact_index(encoder, catalogue), k, id_name)


def golden_of(encoder, catalogue: Catalogue, k: int, id_name: str) -> Golden:
    """Golden requests, with exact retrieval."""
    subject = Subject(encoder, catalogue, k, id_name, own_encoder=True)
    return golden_requests(subject, exact_index(encoder, catalogue))


def save_model(folder: Path, encoder, catalogue: Catalogue) -> Path:
    """A SavedModel, not proven."""
    recommender = recommender_of(encoder, catalogue, K, catalogue.id_name)
    tf.saved_model.save(recommender, str(folder), signatures=signatures(recommender))
    return folder


@dataclass
class Exported:
    """A SavedModel of the successor encoder, asked in rows: 1..12 known, others not."""

    folder: Path
    catalogue: Catalogue

    def __post_init__(self):
        self.model = tf.saved_model.load(str(self.folder))
        self.forms = dict(signature_answers(self.folder, self.id_name))

    @property
    def id_name(self) -> str:
        return self.catalogue.id_name

    @property
    def dtype(self) -> tf.DType:
        return tf.int64 if self.catalogue.ids.dtype == np.int64 else tf.string

    def raw(self, row: int):
        """The id of a row; 0 is padding, -1 and 99 are ids that the catalogue does not know."""
        if 1 <= row <= ITEMS:
            return self.catalogue.ids.tolist()[row - 1]
        strangers = {0: "", -1: "?", 99: "item-zz"}
        return {0: 0, -1: -7, 99: 5_000_000_000}[row] if self.dtype == tf.int64 else strangers[row]

    def row(self, raw) -> int:
        return 0 if raw in (0, "") else self.catalogue.ids.tolist().index(raw) + 1

    def ask(self, form: str, *histories: list[int]) -> list[tuple[list[int], list[float]]]:
        """(rows, scores) of each history of rows."""
        answers = self.forms[form]([[self.raw(row) for row in rows] for rows in histories])
        return [([self.row(raw) for raw in ids], scores) for ids, scores in answers]


@pytest.fixture(scope="session")
def build() -> SimpleNamespace:
    """What the fixtures are made with, for tests that need one more of it."""
    return SimpleNamespace(
        catalogue=catalogue_of,
        successor_encoder=successor_encoder,
        random_encoder=random_encoder,
        run=write_run,
        saved_model=save_model,
        recommender=recommender_of,
        golden=golden_of,
    )


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> dict[str, Exported]:
    """The successor encoder's SavedModels by id type."""
    root = tmp_path_factory.mktemp("saved")
    return {
        kind: Exported(save_model(root / kind, successor_encoder(), catalogue), catalogue)
        for kind, catalogue in ((kind, catalogue_of(kind)) for kind in ("int64", "string"))
    }


@pytest.fixture(scope="session")
def categorised(tmp_path_factory) -> Exported:
    """The successor encoder's SavedModel with categories: odd rows, rows above 8."""
    categories = ["|".join(["odd"] * (row % 2) + ["late"] * (row > 8)) for row in range(1, 13)]
    catalogue = replace(catalogue_of("int64"), categories=np.array(categories, object))
    folder = tmp_path_factory.mktemp("categorised") / "1"
    return Exported(save_model(folder, successor_encoder(), catalogue), catalogue)


@pytest.fixture(scope="session")
def lite(tmp_path_factory) -> dict[str, Path]:
    """The successor encoder's LiteRT folders by id type; `wide` has k = 12, all items."""
    root, built = tmp_path_factory.mktemp("lite"), {}
    for kind in ("int64", "string", "wide"):
        catalogue, encoder = catalogue_of(kind), successor_encoder()
        k, id_name = ITEMS if kind == "wide" else K, catalogue.id_name
        golden = golden_of(encoder, catalogue, k, id_name)
        built[kind] = build_lite(root / kind, Subject(encoder, catalogue, k, id_name), golden)
        finish_lite(built[kind], "none", None)
    return built


@pytest.fixture(scope="session")
def random_run(tmp_path_factory) -> Run:
    """An untrained SASRec of 12 items with int64 ids."""
    path = tmp_path_factory.mktemp("runs") / "random"
    return write_run(path, random_encoder(1), catalogue_of("int64"))


@pytest.fixture(scope="session")
def exports(random_run, tmp_path_factory) -> list[subprocess.CompletedProcess]:
    """`python -m export --format all`, two at once, in a folder that is not the repository.

    The first one leaves `--output` away and names the run by a relative path.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(random_run.path, folder / "run")
    command = ["export", "--format", "all", "--k", K, "--run"]
    flags = [["run"], [folder / "run", "--output", folder / "models"]]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda more: run_module(*command, *more, cwd=folder), flags))


@pytest.fixture(scope="session")
def models(exports) -> Path:
    """The folder of the models that `exports` published."""
    assert [done.returncode for done in exports] == [0, 0], [done.stderr for done in exports]
    return Path(exports[1].stdout.splitlines()[0]).parents[1]


@pytest.fixture
def unprivileged():
    """A context in which nothing but what a folder's mode allows to everybody can be done.

    Root may do everything, so it becomes somebody else, and opens the way to the folder first.
    """

    @contextmanager
    def without_privileges(folder: Path):
        if os.geteuid():
            yield
            return
        for parent in (folder, *folder.parents):
            if not parent.stat().st_mode & 0o001:
                parent.chmod(0o755)
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return without_privileges


@pytest.fixture(scope="session")
def large() -> dict[str, SimpleNamespace]:
    """Two untrained encoders of 2,000 items, 64 wide, and their LiteRT files in every mode.

    A SASRec, which looks up and scores with one table, and a GRU4Rec, whose loop is a graph of its
    own, with two. The window is 20, k is 10; ids are 3, 6, 9, ..., the first the most popular.
    """
    numbers = np.arange(2000)
    catalogue = Catalogue(3 * numbers + 3, numbers.astype(str), 2000 - numbers, "movie_ids")
    items = {"ids": catalogue.ids.tolist()}
    signature = {"inputs": {"movie_ids": "int32 [length]"}, "outputs": {}}
    sidecar = Sidecar.of(
        {"id_name": "movie_ids", "speaks": "ids", "items": items, "signature": signature}
    )
    drawn = drawn_samples(catalogue, window=20)
    samples = replace(drawn, representative=drawn.representative[:50])
    common = {"items": 2000, "window": 20, "dim": 64, "layers": 1, "dropout": 0.0}
    keras.utils.set_random_seed(0)
    encoders = {
        "sasrec": SASRec(**common, heads=2, positions="relative"),
        "gru4rec": GRU4Rec(**common),
    }
    found = {}
    for name, encoder in encoders.items():
        float32 = convert(encoder, catalogue, 10, "movie_ids")
        found[name] = SimpleNamespace(
            golden=golden_of(encoder, catalogue, 10, "movie_ids"),
            table=np.asarray(encoder.item_table()),
            sidecar=sidecar,
            samples=samples,
            files={mode: quantized(float32, mode, sidecar, samples) for mode in MODES},
        )
    return found
