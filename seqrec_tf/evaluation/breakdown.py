"""Where a model is weak: its test metrics by length of the history and by popularity of the target.

An average over users hides both: some histories are too short to tell much, and a model that
recommends what everybody watches looks well without finding anything rare.

- `history_length`: known items in the query's history: up to 5, 10, 20, 50, 100, 200, and more.
- `popularity` of the target: head are the most popular items, which together have the first third
  of the training interactions; middle those that have the second third; tail are the rest.

- `cold_start`, where there is any: users with something in the training part and targets that are
  in the catalogue; users whose history began after it; targets that nobody had in it.

A target outside the catalogue (row 0, under PT) has no popularity and is in none of the three; in
its length bucket it counts as a miss.
"""

import numpy as np

CUTOFF = 10
LENGTH_EDGES = (5, 10, 20, 50, 100, 200)  # the longest history of each bucket but the last
LENGTHS = ("1-5", "6-10", "11-20", "21-50", "51-100", "101-200", "over 200")
COLD_STARTS = ("known", "new user", "new item")
POPULARITIES = ("head", "middle", "tail")


def breakdown(
    ranks: dict[str, np.ndarray],
    lengths: np.ndarray,
    targets: np.ndarray,
    counts: np.ndarray,
    trained: np.ndarray | None = None,
) -> dict[str, list[dict]]:
    """Metrics of every bucket that has a query.

    Args:
        ranks: scorer -> (queries,) int ranks of the targets, 0 is the top (`Ranking.ranks`).
        lengths: (queries,) int, known items of each history, at least 1.
        targets: (queries,) int item rows; 0 is an item outside the catalogue.
        counts: (items,) int, training interactions of the rows from 1 (`Catalogue.counts`).
        trained: (queries,) bool, as `Queries.trained`.

    Returns:
        `{"history_length": rows, "popularity": rows}`, and "cold_start" where there is any; a row
        is `{"bucket": "21-50", "queries": n, scorer: {"hit_rate@10": x, "ndcg@10": x}, ...}`, with
        the scorers of `ranks`.
    """
    length_bucket = np.searchsorted(LENGTH_EDGES, lengths)
    popularity_bucket = popularity_thirds(counts)[targets]
    parts = {
        "history_length": _rows(ranks, length_bucket, LENGTHS),
        "popularity": _rows(ranks, popularity_bucket, POPULARITIES),
    }
    user = np.zeros(len(targets), int) if trained is None else np.where(trained, 0, 1)
    cold = np.where(targets > 0, user, 2)
    return parts | ({"cold_start": _rows(ranks, cold, COLD_STARTS)} if cold.any() else {})


def popularity_thirds(counts: np.ndarray) -> np.ndarray:
    """The popularity bucket of every item row.

    An item on the border belongs to the more popular bucket; of equally popular items the lower
    row counts as the more popular one.

    Args:
        counts: (items,) int, training interactions of the rows from 1.

    Returns:
        (items + 1,) int64: 0 head, 1 middle, 2 tail; -1 for row 0.
    """
    order = np.argsort(-counts, kind="stable")
    more_popular = np.cumsum(counts[order]) - counts[order]
    thirds = np.full(len(counts) + 1, -1, np.int64)
    # Items without an interaction have all interactions before them, which would be a fourth third.
    thirds[1 + order] = np.minimum(3 * more_popular // max(counts.sum(), 1), 2)
    return thirds


def _rows(ranks: dict[str, np.ndarray], bucket: np.ndarray, names: tuple[str, ...]) -> list[dict]:
    """One row for each of `names` that a query falls into; `bucket` (queries,) indexes them."""
    chosen = {name: bucket == number for number, name in enumerate(names)}
    return [
        {
            "bucket": name,
            "queries": int(members.sum()),
            **{scorer: _metrics(values[members]) for scorer, values in ranks.items()},
        }
        for name, members in chosen.items()
        if members.any()
    ]


def _metrics(ranks: np.ndarray) -> dict[str, float]:
    """HR and NDCG as `Ranking.metrics` has them."""
    hits = ranks < CUTOFF
    values = {"hit_rate": hits.mean(), "ndcg": (hits / np.log2(ranks + 2)).mean()}
    return {f"{name}@{CUTOFF}": round(float(value), 6) for name, value in values.items()}
