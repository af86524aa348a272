"""What an artifact says in JSON, as typed documents: golden requests, export report, sidecar."""

from export.artifact.documents.document import Document
from export.artifact.documents.golden import Answer, Call, Golden, Id, Request, TimedRequest
from export.artifact.documents.lite import (
    LiteItems,
    LiteReport,
    LiteSignature,
    Ndcg,
    Parity,
    Sidecar,
)
from export.artifact.documents.report import FormProof, Proof, Provenance, Refreshed, Report
from export.artifact.documents.retrieval import (
    Accuracy,
    CellFacts,
    CurvePoint,
    Figures,
    Recall,
    Retrieval,
)

__all__ = [
    "Accuracy",
    "Answer",
    "Call",
    "CellFacts",
    "CurvePoint",
    "Document",
    "Figures",
    "FormProof",
    "Golden",
    "Id",
    "LiteItems",
    "LiteReport",
    "LiteSignature",
    "Ndcg",
    "Parity",
    "Proof",
    "Provenance",
    "Recall",
    "Refreshed",
    "Report",
    "Request",
    "Retrieval",
    "Sidecar",
    "TimedRequest",
]
