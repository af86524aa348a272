"""`golden_requests.json`: requests, and the answers that an artifact must give."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from export.artifact.documents.document import Document

Id = int | str


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer(Document):
    """One person's recommendations, best first.

    Attributes:
        ids: k raw ids and up to 16 runners-up, which tell an allowed swap of near-equal scores from
            a wrong item; 0 or "" where nothing is left.
        titles: of each.
        scores: of each; the lowest finite float where nothing is left.
        tied: which ids behind those score what the k-th does, if there are any
            (`export.proof.ties`): packed in a file, or read.
    """

    ids: list[Id]
    titles: list[str]
    scores: list[float]
    tied: str | Container[Id] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Request(Document):
    """A batch of histories, asked in every form that takes histories.

    Attributes:
        name: what is strange about it.
        histories: raw ids of each person, oldest first.
        answers: to each history.
    """

    NESTED = {"answers": Answer.each}

    name: str
    histories: list[list[Id]]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class TimedRequest(Request):
    """A batch of histories with times, asked in every form that takes those.

    Attributes:
        timestamps: of each id; 0 is unknown, and no timestamps at all are, too.
        now: when each is asked; 0 is unknown.
    """

    timestamps: list[list[int]]
    now: list[int]


@dataclass(frozen=True, kw_only=True, repr=False)
class Call(Document):
    """A request to one signature.

    Attributes:
        name: the signature and what is strange about the request.
        signature: its name.
        inputs: name of an input -> plain lists; an input that is not there takes its default.
        answers: rankings that must come back; None if it is outputs.
        outputs: name of an output -> numbers that must come back.
    """

    NESTED = {"answers": Answer.each}

    name: str
    signature: str
    inputs: dict[str, Any]
    answers: tuple[Answer, ...] | None = None
    outputs: dict[str, list[Any]] | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Golden(Document):
    """The content of `golden_requests.json`.

    Attributes:
        id_name: name of the id inputs and outputs.
        id_type: "int64" or "string".
        own_encoder: whether the graph has nothing but `export.proof.ops.ALLOWED_OPS`.
        dim: of the vectors that `encode` gives.
        text_separator: what separates ids in a text.
        k: items recommended.
        categories: whether `recommend` takes categories.
        repeats: whether seen items are recommended where a request does not say.
        withheld: ids that nobody is recommended.
        requests: asked in every form.
        calls: of single signatures.
        timed: of a model that reads times; None of any other.
        ids: all of the catalogue's, ascending, if an answer has ties.
    """

    NESTED = {"requests": Request.each, "calls": Call.each, "timed": TimedRequest.each}

    id_name: str
    id_type: str
    own_encoder: bool
    dim: int
    text_separator: str
    k: int
    categories: bool
    repeats: bool = False
    withheld: list[Id]
    requests: tuple[Request, ...]
    calls: tuple[Call, ...]
    timed: tuple[TimedRequest, ...] | None = None
    ids: list[Id] | None = None
