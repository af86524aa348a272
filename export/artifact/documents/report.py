"""`export_report.json`: where an artifact comes from, its settings, and what was proven of it."""

from dataclasses import dataclass
from typing import Any

from export.artifact.documents.document import Document
from export.artifact.documents.golden import Id
from export.artifact.documents.lite import LiteReport
from export.artifact.documents.retrieval import Retrieval


@dataclass(frozen=True, kw_only=True, repr=False)
class FormProof(Document):
    """What the proof says of one form of an artifact.

    Attributes:
        requests: golden requests that it was asked.
        largest_difference: of a score, relative to the largest of its answer.
        tolerance: that of the mode of a quantised file.
        agreement: what a quantised file recommends of what float32 does.
    """

    requests: int
    largest_difference: float
    tolerance: float | None = None
    agreement: float | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Proof(Document):
    """What `python -m export.proof` prints; the proof holds if there are no failures.

    Attributes:
        tolerance: of scores, relative to the largest of an answer.
        forms: of each form.
        failures: in words.
        warmup_records: how many were replayed.
    """

    NESTED = {"forms": FormProof.by_name}

    tolerance: float
    forms: dict[str, FormProof]
    failures: list[str]
    warmup_records: int | None = None

    @property
    def requests(self) -> int:
        """How many golden requests were asked, in all forms together."""
        return sum(form.requests for form in self.forms.values())


@dataclass(frozen=True, kw_only=True, repr=False)
class Refreshed(Document):
    """What a refresh changed.

    Attributes:
        from_: the version folder that was refreshed.
        added: items.
        retired: items.
    """

    from_: str
    added: int
    retired: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Provenance(Document):
    """Where an artifact comes from.

    Attributes:
        run: the run directory; None for an encoder from elsewhere.
        data: the run's data.
        encoder: its kind.
        metrics: the content of the run's `metrics.json`.
        refreshed: what the last refresh changed; None if there was none.
        retired: all ids that refreshes have retired; None in versions from before that was kept.
    """

    NESTED = {"refreshed": Refreshed.of}

    run: str | None
    data: str | None
    encoder: str
    metrics: dict[str, Any]
    refreshed: Refreshed | None = None
    retired: list[Id] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Provenance):
    """The content of `export_report.json`.

    Attributes:
        date: of the export, UTC.
        items: in the catalogue.
        withheld: items of it that nobody is recommended.
        dim: of all vectors.
        window: most recent items of a history that are read.
        k: items recommended.
        id_name: name of the id inputs and outputs.
        repeats: whether seen items are recommended where a request does not say.
        reads_times: whether a request may say when everything was.
        packages: name -> version.
        lite: of the LiteRT file; None if there is none.
        retrieval: how the SavedModel finds items; None if there is none.
        proof: of all that was exported together.
    """

    NESTED = {
        **Provenance.NESTED,
        "lite": LiteReport.of,
        "retrieval": Retrieval.of,
        "proof": Proof.of,
    }

    date: str
    items: int
    withheld: int
    dim: int
    window: int
    k: int
    id_name: str
    repeats: bool = False
    reads_times: bool = False
    packages: dict[str, str]
    lite: LiteReport | None = None
    retrieval: Retrieval | None = None
    proof: Proof
