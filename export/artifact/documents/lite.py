"""`model.json`, which says what a LiteRT file takes and gives, and what it was measured to do."""

from dataclasses import dataclass

from export.artifact.documents.document import Document
from export.artifact.documents.golden import Id


@dataclass(frozen=True, kw_only=True, repr=False)
class Ndcg(Document):
    """NDCG of a quantised file beside float32's.

    Attributes:
        float32: of the file before.
        quantized: of the file.
        change: as a share of float32's; None where that is 0 and the other is not.
        standard_error: of the change, as a share too.
    """

    float32: float
    quantized: float
    change: float | None
    standard_error: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Parity(Document):
    """How near a quantised file's answers are to float32's.

    Attributes:
        histories: on which, in words.
        cutoff: items of each answer that are compared.
        agreement: the share of float32's first items that are among the file's first.
        ndcg: where it is known what came next.
    """

    NESTED = {"ndcg": Ndcg.of}

    histories: str
    cutoff: int
    agreement: float
    ndcg: Ndcg | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class LiteReport(Document):
    """Size, latency and parity of a file.

    Attributes:
        quantization: its mode (`export.litert.modes`).
        bytes: of the file.
        float32_bytes: of the file before it was quantised.
        latency_ms: number of threads -> length of the history -> median milliseconds an answer.
        parity: None if the file is not quantised.
        warnings: what its reader should know, in words.
    """

    NESTED = {"parity": Parity.of}

    quantization: str
    bytes: int
    float32_bytes: int
    latency_ms: dict[str, dict[str, float]]
    parity: Parity | None
    warnings: list[str]


@dataclass(frozen=True, kw_only=True, repr=False)
class LiteSignature(Document):
    """The file's one function: name -> dtype and shape, in words."""

    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True, kw_only=True, repr=False)
class LiteItems(Document):
    """The catalogue, by item row from 1.

    Attributes:
        ids: ascending.
        titles: of each.
    """

    ids: list[Id]
    titles: list[str]


@dataclass(frozen=True, kw_only=True, repr=False)
class Sidecar(Document):
    """The content of `model.json`.

    Attributes:
        id_name: name of the id input and output.
        speaks: "ids", or "rows" where raw ids do not fit into an int32.
        signature: of the file.
        quantization: its mode.
        bytes: of the file.
        window: most recent items of a history that are read.
        repeats: whether seen items are recommended.
        items: the catalogue.
        report: what was measured; None while the folder is not finished.
    """

    NESTED = {"signature": LiteSignature.of, "items": LiteItems.of, "report": LiteReport.of}

    id_name: str
    speaks: str
    signature: LiteSignature
    quantization: str
    bytes: int
    window: int
    repeats: bool = False
    items: LiteItems
    report: LiteReport | None = None

    @property
    def finished_report(self) -> LiteReport:
        """The report of a folder that is finished.

        Raises:
            KeyError: there is none.
        """
        if self.report is None:
            raise KeyError("report")
        return self.report
