"""Whether two exports of one run are the same artifact but for dates.

    python tests/benchmarks/same_artifact.py models/seqrec/1 models/seqrec/2

Compares golden requests with their answers, signatures, ops and warm-up requests of a SavedModel,
sidecar and size of a LiteRT file, the export report with its proof, the model card and the names of
all files. What depends on the hour or on how busy the machine is (dates, milliseconds) is left out,
and so are differences in scores that the proof would not see. Prints a line a difference and exits
with 1 if there are some.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export.artifact.version import (
    GOLDEN,
    REPORT,
    SAVEDMODEL,
    SIDECAR,
    WARMUP,
    Artifact,
    find_artifact,
)
from export.proof.exact import TOLERANCE

TIMED = ("date", "milliseconds", "latency_ms", "largest_difference", "from")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00|\| \d+ \|( [0-9.]+ \|)+")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="a version folder")
    parser.add_argument("new", type=Path, help="another one of the same kind")
    arguments = parser.parse_args()
    found = list(differences(find_artifact(arguments.old), find_artifact(arguments.new)))
    print("\n".join(found) or "the same artifact but for dates")
    sys.exit(1 if found else 0)


def differences(old: Artifact, new: Artifact) -> Iterator[str]:
    """What differs, in words."""
    names = [sorted(map(str, _files(each.folder))) for each in (old, new)]
    yield from _compared("files", *names)
    for name in (GOLDEN, REPORT):
        yield from _compared(name, *(_json(each.extra / name) for each in (old, new)))
    cards = [DATE.sub("...", (each.extra / "README.md").read_text()) for each in (old, new)]
    yield from _compared("README.md", *cards)
    if old.kind == SAVEDMODEL:
        for name, look in {"signatures": _signatures, "ops": _ops, "warm-up": _warmup}.items():
            yield from _compared(name, *(look(each) for each in (old, new)))
    else:
        yield from _compared(SIDECAR, *(_json(each.folder / SIDECAR) for each in (old, new)))
        sizes = [(each.folder / "model.tflite").stat().st_size for each in (old, new)]
        yield from _compared("bytes of model.tflite", *sizes)


def _compared(where: str, old: Any, new: Any) -> Iterator[str]:
    """Where two values of JSON differ; keys must stand in the same order, too."""
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            yield f"{where}: keys {list(old)}, now {list(new)}"
        for key in [key for key in old if key in new and key not in TIMED]:
            yield from _compared(f"{where}, {key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        if _same_numbers(old, new):
            return
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from _compared(f"{where}, {place}", *pair)
    elif old != new:
        yield f"{where}: {_short(old)}, now {_short(new)}"


def _same_numbers(old: list, new: list) -> bool:
    """Whether they are floats that agree as the proof wants them to."""
    if not all(isinstance(each, float) for each in [*old, *new]):
        return False
    scale = max((abs(each) for each in old if abs(each) < 1e30), default=0.0)
    return all(abs(a - b) <= TOLERANCE * scale for a, b in zip(old, new, strict=True))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 200 else f"{text[:200]}..."


def _files(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _signatures(artifact: Artifact) -> dict:
    from export.proof.contract import found, read_graph

    signatures = found(read_graph(artifact.folder))
    return {name: json.loads(json.dumps(sides)) for name, sides in signatures.items()}


def _ops(artifact: Artifact) -> dict:
    from export.proof.contract import read_graph
    from export.proof.ops import op_counts

    return dict(sorted(op_counts(read_graph(artifact.folder)).items()))


def _warmup(artifact: Artifact) -> list:
    from export.proof.warmup import read_warmup

    records = read_warmup(artifact.extra / WARMUP)
    # Maps of protocol buffers have no order.
    return [
        [name, {key: str(inputs[key].tolist()) for key in sorted(inputs)}]
        for name, inputs in records
    ]


if __name__ == "__main__":
    main()
