"""Two trained encoders, each in every form it ships in, on data whose next item is known.

Thirty items stand in a circle; every user walks some way along it. So after any history the next
item is the one that follows its last item on the circle.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

CIRCLE = 30
WINDOW = 8
SETTINGS = {
    # Raw ids are neither rows nor in the order of the circle.
    "sasrec": ["--encoder", "sasrec", "--heads", "2"],
    "gru4rec": ["--encoder", "gru4rec", "--layers", "1"],
}
ID_NAMES = {"sasrec": "movie_ids", "gru4rec": "item_ids"}


@dataclass(frozen=True)
class Shipped:
    """One encoder, trained and exported.

    Attributes:
        run: run directory.
        savedmodel: published version folder.
        lite: published version folder of the LiteRT file.
        url: where the embedded server answers.
        id_name: name of the id input.
        circle: raw ids in the order of the circle; int64 for SASRec, str for GRU4Rec.
    """

    run: Path
    savedmodel: Path
    lite: Path
    url: str
    id_name: str
    circle: list

    def golden(self) -> dict:
        """The golden requests that were published with the SavedModel."""
        path = self.savedmodel / "assets.extra" / "golden_requests.json"
        return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session", params=["sasrec", "gru4rec"])
def shipped(request, tmp_path_factory):
    """Train with the real command, export with the real command, serve with the real command."""
    folder = tmp_path_factory.mktemp(f"contract-{request.param}")
    circle = raw_ids(request.param)
    write_log(folder / "log.csv", circle)
    run_command(
        folder,
        *("seqrec_tf.train", "--interactions", "log.csv", "--run", "run", "--patience", "3"),
        *("--dim", "16", "--window", str(WINDOW), "--dropout", "0", "--learning-rate", "0.01"),
        *("--batch-size", "32", "--epochs", "30", "--id-name", ID_NAMES[request.param]),
        *SETTINGS[request.param],
    )
    run_command(folder, "export", "--format", "all", "--run", "run", "--k", "5")
    server = subprocess.Popen(
        [sys.executable, "-m", "serving", "--rest_api_port=0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    url = server.stdout.readline().strip()
    models = folder / "models"
    yield Shipped(
        folder / "run",
        models / "seqrec" / "1",
        models / "seqrec-lite" / "1",
        f"{url}/v1/models/seqrec",
        ID_NAMES[request.param],
        circle,
    )
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)
    assert server.returncode == 0


def raw_ids(encoder: str) -> list:
    """Raw ids in the order of the circle."""
    scattered = np.random.default_rng(3).permutation(np.arange(100, 100 + 7 * CIRCLE, 7))
    return [f"sku-{raw}" for raw in scattered] if encoder == "gru4rec" else scattered.tolist()


def write_log(path: Path, circle: list) -> None:
    """300 users, each with 4 to 14 steps along the circle."""
    generator = np.random.default_rng(4)
    rows = []
    for user in range(300):
        start, length = generator.integers(0, CIRCLE), generator.integers(4, 15)
        rows += [
            {"user_id": user, "item_id": circle[(start + step) % CIRCLE], "timestamp": step}
            for step in range(length)
        ]
    pd.DataFrame(rows).to_csv(path, index=False)


def run_command(folder: Path, module: str, *arguments: str) -> None:
    """`python -m module` in `folder`; its stderr in the failure if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def keras_form(shipped) -> Callable:
    """The encoder itself: vectors and a dot product, for histories of known items."""
    from seqrec_tf.runs.directory import read_run

    run = read_run(shipped.run)

    def ask(batch: list[list]) -> list[tuple[list, list[float]]]:
        answers = []
        for history in batch:
            rows = run.catalogue.rows(pd.Series(history))
            vector = np.asarray(run.encoder.encode(rows[None]))[0]
            scores = np.asarray(run.encoder.item_table()) @ vector
            scores[[0, *rows]] = np.finfo(np.float32).min
            top = np.argsort(-scores, kind="stable")[:5]
            answers.append((run.catalogue.ids[top - 1].tolist(), scores[top].tolist()))
        return answers

    return ask


@pytest.fixture(scope="session")
def served_forms(shipped) -> dict[str, Callable]:
    """Every form that takes raw ids: signatures in process, LiteRT, and REST."""
    from export.litert.runner import lite_answers
    from export.proof.runner import signature_answers

    forms = dict(signature_answers(shipped.savedmodel, shipped.id_name))
    forms["litert"] = lite_answers(shipped.lite)
    for name, ask in REST_FORMS.items():
        forms[f"REST {name}"] = lambda batch, ask=ask: ask(shipped, batch)
    return forms


def rest_rows(shipped: Shipped, batch: list[list]) -> list[tuple[list, list[float]]]:
    """`instances`: rows of one length, padded."""
    padding = "" if isinstance(shipped.circle[0], str) else 0
    width = max(map(len, batch))
    padded = [history + [padding] * (width - len(history)) for history in batch]
    answered = post(shipped, "predict", {"instances": padded})["predictions"]
    return [(row[shipped.id_name], row["scores"]) for row in answered]


def rest_columns(shipped: Shipped, batch: list[list]) -> list[tuple[list, list[float]]]:
    """`inputs` of the ragged signature: values and row splits."""
    splits = np.cumsum([0, *map(len, batch)]).tolist()
    inputs = {shipped.id_name: [raw for history in batch for raw in history], "row_splits": splits}
    body = {"signature_name": "ragged", "inputs": inputs}
    answered = post(shipped, "predict", body)["outputs"]
    return list(zip(answered[shipped.id_name], answered["scores"], strict=True))


def rest_text(shipped: Shipped, batch: list[list]) -> list[tuple[list, list[float]]]:
    """`instances` of the text signature."""
    texts = [" ".join(map(str, history)) for history in batch]
    body = {"signature_name": "text", "instances": texts}
    answered = post(shipped, "predict", body)["predictions"]
    return [(row[shipped.id_name], row["scores"]) for row in answered]


def rest_classify(shipped: Shipped, batch: list[list]) -> list[tuple[list, list[float]]]:
    """`:classify`, which takes ragged lists as they are."""
    examples = [{shipped.id_name: history} for history in batch]
    body = {"signature_name": "examples", "examples": examples}
    results = post(shipped, "classify", body)["results"]
    to_raw = (lambda raw: raw) if isinstance(shipped.circle[0], str) else lambda raw: int(raw or 0)
    return [([to_raw(raw) for raw, _ in row], [score for _, score in row]) for row in results]


REST_FORMS = {
    "rows": rest_rows,
    "columns": rest_columns,
    "text": rest_text,
    "classify": rest_classify,
}


def post(shipped: Shipped, verb: str, body: dict) -> dict:
    """POST and insist on success."""
    response = requests.post(f"{shipped.url}:{verb}", json=body, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()
