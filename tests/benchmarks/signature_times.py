"""What a request of one row costs in two exports, a signature at a time.

    python tests/benchmarks/signature_times.py models.old/seqrec/1 models/seqrec/1

Loads both versions into one process and asks them in turn, with one history of 50 items of the
catalogue (and, for `score`, 10 candidates; for `similar`, one item). Prints a JSON line a
signature: the median microseconds of each, and the median of their ratio over blocks of requests.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

LENGTH, CANDIDATES, BLOCK = 50, 10, 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--blocks", type=int, default=40)
    arguments = parser.parse_args()
    versions = [tf.saved_model.load(str(path)) for path in (arguments.first, arguments.second)]
    for name in sorted(set(versions[0].signatures) & set(versions[1].signatures)):
        asked = [version.signatures[name] for version in versions]
        feeds = request(name, asked[0], arguments.first)
        if feeds is not None:
            compare(name, asked, feeds, arguments.blocks)


def compare(name: str, asked: list, feeds: dict[str, tf.Tensor], blocks: int) -> None:
    """Ask in blocks, in turn, and print."""
    times = ([], [])
    for block in range(blocks + 2):
        for number in (0, 1) if block % 2 else (1, 0):
            taken = seconds(asked[number], feeds)
            if block >= 2:
                times[number].append(1e6 * taken / BLOCK)
    ratios = [second / first for first, second in zip(*times, strict=True)]
    first, second = (round(statistics.median(part), 1) for part in times)
    ratio = round(statistics.median(ratios), 3)
    print(json.dumps({"signature": name, "first": first, "second": second, "ratio": ratio}))


def seconds(ask, feeds: dict[str, tf.Tensor]) -> float:
    started = time.perf_counter()
    for _ in range(BLOCK):
        ask(**feeds)
    return time.perf_counter() - started


def request(name: str, ask, folder: Path) -> dict[str, tf.Tensor] | None:
    """One row for a signature; None for one that this script does not know."""
    golden = json.loads((folder / "assets.extra" / "golden_requests.json").read_text())
    answer = np.array(golden["requests"][0]["answers"][0]["ids"])
    history = np.resize(answer, LENGTH)
    ids = history[:1] if name == "similar" else history if name == "ragged" else history[None]
    known = {
        golden["id_name"]: ids,
        "row_splits": np.array([0, LENGTH]),
        "candidate_ids": np.resize(answer, [1, CANDIDATES]),
        "history": np.array([golden["text_separator"].join(history.astype(str))]),
        "exclude_ids": history[:1],
        "categories": np.array([], object),
        "k": np.int32(10),
        "filter_seen": np.bool_(True),
    }
    specs = ask.structured_input_signature[1]
    if not set(specs) <= set(known):
        return None
    return {key: tf.constant(known[key], spec.dtype) for key, spec in specs.items()}


if __name__ == "__main__":
    main()
