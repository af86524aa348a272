"""What one writes first: FastAPI around `keras.Model.predict` and a top-k in NumPy.

    pip install -e '.[bench]'
    SEQREC_RUN=runs/ml1m python -m uvicorn --app-dir tests/benchmarks fastapi_server:app

    curl localhost:8000/recommend -d '{"history": [1193, 661]}' -H 'Content-Type: application/json'

As in the keras.io examples: the model gives a vector of the history, its products with all items
are sorted. Handlers are plain functions, which FastAPI runs in threads, as its guide advises for
what blocks. Histories are not padded, which spares the model work; with lengths that vary, Keras
would trace its graph again for every one of them.
"""

import os
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from seqrec_tf.runs.directory import read_run

run = read_run(Path(os.environ["SEQREC_RUN"]))
ids, titles = run.catalogue.ids, run.catalogue.titles
rows_of_ids = {raw: row for row, raw in enumerate(ids.tolist(), start=1)}
item_vectors = np.asarray(run.encoder.item_table())

app = FastAPI()


class Query(BaseModel):
    """What is asked."""

    history: list[int]
    k: int = 10


class Item(BaseModel):
    """An item of the answer."""

    id: int
    title: str
    score: float


@app.post("/recommend")
def recommend(query: Query) -> list[Item]:
    """The best items that are not in the history."""
    rows = [rows_of_ids[raw] for raw in query.history if raw in rows_of_ids]
    vector = run.encoder.predict(np.array([rows[-run.encoder.window :]]), verbose=0)[0, -1]
    scores = item_vectors @ vector
    scores[[0, *rows]] = -np.inf
    best = np.argsort(-scores)[: query.k]
    return [
        Item(id=int(ids[row - 1]), title=str(titles[row - 1]), score=float(scores[row]))
        for row in best
    ]
