"""`retrieval` of the export report: how a SavedModel finds items, and what that was measured to do.

On disk all of it is one object, in which the name of recall says of how many items it is.
"""

from dataclasses import dataclass
from typing import Any, Self

from export.artifact.documents.document import Document

RECALL = "recall@"


@dataclass(frozen=True, kw_only=True, repr=False)
class CellFacts(Document):
    """Of an index of cells.

    Attributes:
        asked_cells: how many were asked for; None for as many as suit the catalogue.
        cells: how many there are.
        largest_cell: items in it.
        probes: cells that a request looks into.
    """

    asked_cells: int | None
    cells: int
    largest_cell: int
    probes: int

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Before `asked_cells` was kept, all cells had been asked for."""
        return super().of({"asked_cells": values["cells"], **values})


@dataclass(frozen=True)
class Recall:
    """The share of what exact retrieval serves that an index serves.

    Attributes:
        k: items an answer.
        share: the mean over people.
        standard_error: of the mean; None in older versions.
        of: what it is the share of, in words; None in older versions.
    """

    k: int
    share: float
    standard_error: float | None
    of: str | None


@dataclass(frozen=True)
class CurvePoint:
    """Recall and time of an index with so many probes.

    Attributes:
        probes: None for exact retrieval.
        k: items an answer.
        recall: share of what exact retrieval serves.
        milliseconds: the median of single searches.
    """

    probes: int | None
    k: int
    recall: float
    milliseconds: float

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The point in a JSON object."""
        k = _k_of(values)
        return cls(values["probes"], k, values[f"{RECALL}{k}"], values["milliseconds"])

    def to_json(self) -> dict[str, Any]:
        """The JSON object that `of` reads."""
        recall = {f"{RECALL}{self.k}": self.recall}
        return {"probes": self.probes, **recall, "milliseconds": self.milliseconds}


@dataclass(frozen=True)
class Figures:
    """HR@10 and NDCG@10 of recommendations to the test queries."""

    hit_rate: float
    ndcg: float

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The figures in a JSON object."""
        return cls(values["hit_rate@10"], values["ndcg@10"])

    def to_json(self) -> dict[str, float]:
        """The JSON object that `of` reads."""
        return {"hit_rate@10": self.hit_rate, "ndcg@10": self.ndcg}


@dataclass(frozen=True)
class Accuracy:
    """What the index costs on the test queries.

    Attributes:
        exact: of exact retrieval in float32.
        exported: of the index.
        ndcg_change: as a share of exact retrieval's; None where that is 0 and the other is not.
    """

    exact: Figures
    exported: Figures
    ndcg_change: float | None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The figures in a JSON object."""
        exact, exported = (Figures.of(values[name]) for name in ("exact float32", "exported"))
        return cls(exact, exported, values["ndcg_change"])

    def to_json(self) -> dict[str, Any]:
        """The JSON object that `of` reads."""
        return {
            "exact float32": self.exact.to_json(),
            "exported": self.exported.to_json(),
            "ndcg_change": self.ndcg_change,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Retrieval(Document):
    """How a SavedModel finds items.

    Attributes:
        kind: "exact" or "ivf".
        precision: of its item table.
        cells: of "ivf".
        recall: None if there was nothing to measure, or nothing to miss.
        curve: recall against time; the first point is exact retrieval.
        test: on the test queries.
    """

    kind: str
    precision: str
    cells: CellFacts | None = None
    recall: Recall | None = None
    curve: tuple[CurvePoint, ...] | None = None
    test: Accuracy | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """See `Document.of`."""
        found: dict[str, object] = {
            key: values[key] for key in ("kind", "precision") if key in values
        }
        if "cells" in values:
            found["cells"] = CellFacts.of(values)
        if k := _k_of(values):
            share, error = values[f"{RECALL}{k}"], values.get("recall_standard_error")
            found["recall"] = Recall(k, share, error, values.get("recall_of"))
        if "curve" in values:
            found["curve"] = tuple(map(CurvePoint.of, values["curve"]))
        if "test" in values:
            found["test"] = Accuracy.of(values["test"])
        return cls._with(found)

    def to_json(self) -> dict[str, Any]:
        """See `Document.to_json`."""
        found: dict[str, Any] = {"kind": self.kind, "precision": self.precision}
        if self.cells:
            found |= self.cells.to_json()
        if self.recall:
            found[f"{RECALL}{self.recall.k}"] = self.recall.share
            found["recall_standard_error"] = self.recall.standard_error
            found["recall_of"] = self.recall.of
        if self.curve:
            found["curve"] = [point.to_json() for point in self.curve]
        if self.test:
            found["test"] = self.test.to_json()
        return found


def _k_of(values: dict[str, Any]) -> int:
    """Of how many items the recall in an object is; 0 if there is none."""
    names = (name.removeprefix(RECALL) for name in values if name.startswith(RECALL))
    return int(next(names, 0))
