"""Ask a LiteRT file, in the runtime that phones use."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from export.artifact.documents import Sidecar
from export.artifact.version import GRAPHS, LITE, SIDECAR

FILLERS = (0, "")  # ids that stand where nothing is left to recommend


def lite_answers(folder: Path) -> Callable:
    """A function from histories (lists of raw ids) to one (ids, scores) each.

    Args:
        folder: holds `model.tflite` and its sidecar `model.json`.
    """
    sidecar = Sidecar.read(folder / SIDECAR)
    return lite_asker((folder / GRAPHS[LITE]).read_bytes(), sidecar)


def lite_asker(content: bytes, sidecar: Sidecar) -> Callable:
    """As `lite_answers`, for a file that is not written yet.

    Raw ids that the file does not speak are mapped with the sidecar, as an app would do.
    """
    run = lite_function(content)
    name = sidecar.id_name
    to_spoken, to_raw = id_maps(sidecar)

    def ask(
        batch: list[list],
        timestamps: list[list[int]] | None = None,
        now: list[int] | None = None,
    ) -> list[tuple[list, list[float]]]:
        answers = []
        for place, history in enumerate(batch):
            spoken = np.array([to_spoken(raw) for raw in history], np.int32)
            told = timestamps[place] if timestamps else None, now[place] if now else None
            outputs = run(**{name: spoken}, **time_inputs(sidecar, *told))
            ids = [to_raw(spoken) for spoken in outputs[name].tolist()]
            answers.append((ids, outputs["scores"].tolist()))
        return answers

    return ask


def time_inputs(
    sidecar: Sidecar, timestamps: Sequence[int] | None = None, now: int | None = None
) -> dict[str, np.ndarray]:
    """The inputs for times of a file that takes them; without any, they are unknown."""
    if "timestamps" not in sidecar.signature.inputs:
        return {}
    return {
        "timestamps": np.array([] if timestamps is None else timestamps, np.int64),
        "now": np.array([now or 0], np.int64),
    }


def lite_function(content: bytes, threads: int = 1) -> Callable:
    """The file's one function, from its named inputs to its named outputs, NumPy arrays."""
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=content, num_threads=threads).get_signature_runner()


def id_maps(sidecar: Sidecar) -> tuple[Callable, Callable]:
    """Functions: raw id -> what the file speaks, int32, and back."""
    if sidecar.speaks == "ids":
        return lambda raw: raw if abs(raw) < 2**31 else 0, int
    ids = sidecar.items.ids
    row_of = {raw: row for row, raw in enumerate(ids, start=1)}
    padding = "" if isinstance(ids[0], str) else 0
    return lambda raw: row_of.get(raw, 0), lambda row: ids[row - 1] if row else padding
