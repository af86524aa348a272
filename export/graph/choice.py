"""Choose and build the index of an export, and say what it costs against exact retrieval.

Recall is of what is served: the k items of a default request, with the history and what the
catalogue withholds hidden. Probes are chosen on some validation histories, and what they find is
reported of others.
"""

import functools
import sys

import numpy as np

from export.artifact.documents import CellFacts, Recall, Retrieval
from export.graph.cells import default_count, train_cells
from export.graph.cost import accuracy, cost_curve, mean_share, measured_recall
from export.graph.encoder import HistoryEncoder, reads_times
from export.graph.exact import ExactIndex
from export.graph.index import Index
from export.graph.ivf import IvfIndex
from export.graph.options import RetrievalOptions
from export.graph.recall import BATCH, Asked, shares_by_probes
from export.graph.tables import ReducedTable
from seqrec_tf.data.splits import Queries, Split
from seqrec_tf.errors import InputError

QUERIES = 1000  # validation histories to choose with, and as many to report of, drawn with seed 0


def build_index(
    encoder: HistoryEncoder,
    exact: ExactIndex,
    options: RetrievalOptions,
    split: Split | None,
    allowed: np.ndarray | None = None,
) -> tuple[Index, Retrieval]:
    """The index, and what the export report says of it.

    Args:
        encoder: what turns histories into vectors.
        exact: exact retrieval in its item table, which is also the index if nothing else is asked.
        options: which index, and how much it may miss.
        split: histories that recall (validation) and NDCG (test) are measured on; None if there
            are none.
        allowed: (items + 1,) bool, rows that may come up; None for all.

    Raises:
        InputError: probes must be chosen and there are no histories to do that with.
    """
    facts = Retrieval(kind=options.retrieval, precision=options.precision)
    if options.retrieval == "exact" and options.precision == "float32":
        return exact, facts
    allowed = np.ones(exact.reach, bool) if allowed is None else allowed
    ask = functools.partial(_asked, encoder, allowed, options)
    chooses = options.retrieval == "ivf" and not options.probes
    choosing, reporting = _drawn(split, chooses)
    if options.retrieval == "exact":
        cells = None
        index = ExactIndex(ReducedTable(exact.dense(), options.precision), exact.popularity.numpy())
    else:
        cells = _CellIndices(exact, options, allowed)
        index = cells.chosen(None if choosing is None else ask(choosing))
        facts = facts.replaced(cells=cells.facts(index))
    if reporting is not None and len(reporting):
        facts = _reported(facts, index, exact, cells, ask(reporting), options)
    if split is not None and len(split.test):
        measured = accuracy(exact, index, ask(split.test), split.test.targets.numpy())
        facts = facts.replaced(test=measured)
    return index, facts


def _reported(
    facts: Retrieval,
    index: Index,
    exact: ExactIndex,
    cells: "_CellIndices | None",
    asked: Asked,
    options: RetrievalOptions,
) -> Retrieval:
    """With recall, which is said, and, of cells, what other numbers of probes cost."""
    whose = f"{len(asked.vectors):,} validation histories"
    if cells and not options.probes:
        whose += ", with which the probes were not chosen"
    hidden = "withheld" if options.repeats else "seen and withheld"
    recall = measured_recall(index, exact, asked, f"{whose}; {hidden} items are hidden")
    curve = cost_curve(cells, cells.shares(asked), exact, asked) if cells else None
    print(_said(facts, recall), file=sys.stderr)
    return facts.replaced(recall=recall, curve=curve)


def _drawn(split: Split | None, chooses: bool) -> tuple[Queries | None, Queries | None]:
    """Validation queries to choose probes with, and others to report of; None if there are none.

    Raises:
        InputError: there is not one of each, and they are needed.
    """
    count = 0 if split is None else len(split.validation)
    if chooses and count < 2:
        raise InputError(
            "--retrieval ivf: expected --probes, or histories to choose them with: two of "
            f"validation or more. Received: {count or 'none'}."
        )
    if split is None:
        return None, None
    order = np.random.default_rng(0).permutation(count)
    half = min(QUERIES, count // 2) if chooses else 0
    reporting = split.validation.chosen(order[half : half + QUERIES])
    return split.validation.chosen(order[:half]) if chooses else None, reporting


def _asked(
    encoder: HistoryEncoder, allowed: np.ndarray, options: RetrievalOptions, queries: Queries
) -> Asked:
    """Requests of these histories, as a model serves them by default."""
    asked = [queries.histories]
    if reads_times(encoder) and queries.times is not None:
        asked.append(queries.times)
    parts = ([each[i : i + BATCH] for each in asked] for i in range(0, len(queries), BATCH))
    vectors = np.concatenate([np.asarray(encoder.encode(*part)) for part in parts])
    hidden = queries.histories[:, :0] if options.repeats else queries.histories
    return Asked(vectors, hidden, allowed, options.k)


class _CellIndices:
    """Indices of the same cells; called with how many of them a request looks into.

    Args:
        exact: exact retrieval in the same item table.
        options: `cells` and `precision`.
        allowed: (items + 1,) bool, rows that may come up.
    """

    def __init__(self, exact: ExactIndex, options: RetrievalOptions, allowed: np.ndarray):
        self._table, self._popularity = exact.dense(), exact.popularity.numpy()
        self._options, self._allowed = options, allowed
        self._cells = train_cells(self._table, options.cells or default_count(exact.reach - 1))
        self.count = len(self._cells.centres)

    def chosen(self, asked: Asked | None) -> IvfIndex:
        """The index with as many probes as the options say, or as their recall takes.

        Args:
            asked: requests to choose with; None if the options say how many.
        """
        if asked is None:
            probes = self._options.probes or self.count
        else:
            probes = _fewest_probes(self.shares(asked), self._options.recall)
        return self(min(probes, self.count))

    def facts(self, index: IvfIndex) -> CellFacts:
        """What the report says of one of the indices."""
        return CellFacts(
            asked_cells=self._options.cells,
            cells=self.count,
            largest_cell=self._cells.members.shape[1],
            probes=index.probes,
        )

    def __call__(self, probes: int) -> IvfIndex:
        return IvfIndex(
            self._table,
            self._popularity,
            self._cells,
            probes,
            self._options.precision,
            self._allowed,
        )

    def shares(self, asked: Asked) -> np.ndarray:
        """What 1, 2, ... probes serve of the exact answers: (queries, cells)."""
        table, precision = self._table, self._options.precision
        rated = table if precision == "float32" else ReducedTable(table, precision).dense()
        return shares_by_probes(table, rated, self._cells, asked)


def _fewest_probes(shares: np.ndarray, recall: float) -> int:
    """The fewest cells that find the recall also if these queries were lucky by a standard error.

    All of them for a recall of 1, which no sample can promise. If rounding of the table keeps any
    number from it: the fewest that find as much as can be found.
    """
    if recall == 1:
        return shares.shape[1]
    lowest = np.array([mean - error for mean, error in map(mean_share, shares.T)])
    return int(np.argmax(lowest >= min(recall, lowest.max()))) + 1


def _said(facts: Retrieval, recall: Recall) -> str:
    """The line on stderr: what was found, and what that is of."""
    way = f"{facts.cells.probes} of {facts.cells.cells} cells" if facts.cells else "every item"
    return (
        f"retrieval: {way}, in {facts.precision}: recall@{recall.k} {recall.share:.1%} "
        f"(standard error {recall.standard_error:.1%}) of {recall.of}"
    )
