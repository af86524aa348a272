"""What reading a table of additions and placing them in a large catalogue takes.

    python tests/benchmarks/refresh_at_scale.py --items 1000000 --additions 100 1000 10000

No model: a catalogue and an item table in memory, and items to add by two neighbours. Prints a JSON
line a number of additions: seconds to read the table, to merge it, and to look for the learnt item
most like each of them, which is a product of the vectors with the table.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    """Measure each number of additions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--additions", type=int, nargs="+", default=[100, 1000, 10_000])
    arguments = parser.parse_args()

    from export.sources.additions import read_additions
    from export.sources.merging import merged
    from export.sources.refreshed import Trained, stand_ins
    from seqrec_tf.data.catalogue import Catalogue

    items = arguments.items
    ids, nothing = np.arange(1, items + 1), np.zeros(items + 1, bool)
    titles = ids.astype(str).astype(object)
    catalogue = Catalogue(ids, titles, np.zeros(items, np.float32), "item_ids")
    table = np.random.default_rng(0).standard_normal((items + 1, arguments.dim), np.float32)
    trained = Trained(None, [], np.arange(items + 1, dtype=np.int32), ~nothing)
    for count in arguments.additions:
        rows = [f"{items + i},{i}|{i + 1}" for i in range(1, count + 1)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "new.csv"
            path.write_text("\n".join(["id,neighbours", *rows]))
            times = [time.perf_counter()]
            additions = read_additions(path, catalogue, table)
            times.append(time.perf_counter())
            _, source, _ = merged(catalogue, additions, nothing)
            times.append(time.perf_counter())
            stand_ins(trained, table, additions, source)
            times.append(time.perf_counter())
        seconds = dict(zip(("read", "merge", "most_like"), np.diff(times).round(2), strict=True))
        print(json.dumps({"items": items, "additions": count, **seconds}), flush=True)


if __name__ == "__main__":
    main()
