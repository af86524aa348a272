"""Golden requests: histories that have broken recommenders before, answered by the Keras model.

The answers are those of `export.sources.truth`. Requests are asked in every form that takes
histories, calls of one signature. They are kept as `golden_requests.json`
(`export.artifact.documents.Golden`).
"""

from collections.abc import Iterator

import numpy as np

from export.artifact.documents import Call, Golden, Request, TimedRequest
from export.graph.index import Index
from export.sources.subject import Subject
from export.sources.truth import Truth
from seqrec_tf.data.catalogue import Catalogue

WHOLE_CATALOGUE = 10_000  # items up to which more than all of them are asked for
MOST_SCORES = 32_000_000  # of the largest batch: it shrinks for catalogues over 500,000 items


def golden_requests(subject: Subject, index: Index, seed: int = 0) -> Golden:
    """Requests with answers, as `golden_requests.json` holds them.

    Args:
        subject: what the answers are computed with.
        index: where an artifact finds items: the vectors it rates them by, and which it rates.
        seed: of the ids that are drawn.

    Raises:
        InputError: the encoder's scores are not finite.
    """
    catalogue, generator = subject.catalogue, np.random.default_rng(seed)
    histories = golden_histories(catalogue, subject.encoder.window, generator)
    truth = Truth(subject, index)
    truth.encode_together(max(histories.values(), key=len))
    requests = tuple(_request(truth, subject.k, *named) for named in histories.items())
    calls = tuple(golden_calls(truth, subject.k, subject.id_name, generator))
    timed = None
    if truth.reads_times:
        timed = tuple(_timed_requests(truth, subject.k, subject.encoder.window, generator))
        calls = (*calls, _timed_call(truth, subject.k, subject.id_name, timed[0]))
    return Golden(
        id_name=subject.id_name,
        id_type="int64" if catalogue.ids.dtype == np.int64 else "string",
        own_encoder=subject.own_encoder,
        dim=int(truth.table.shape[1]),
        text_separator=catalogue.text_separator,
        k=subject.k,
        categories=catalogue.categories is not None,
        repeats=subject.repeats,
        withheld=catalogue.ids[catalogue.never()[1:]].tolist(),
        requests=requests,
        calls=calls,
        timed=timed,
        ids=catalogue.ids.tolist() if truth.has_ties else None,
    )


def _request(truth: Truth, k: int, name: str, histories: list[list]) -> Request:
    answers = tuple(truth.recommended(h, truth.seen(h), k) for h in histories)
    return Request(name=name, histories=histories, answers=answers)


def _timed_requests(
    truth: Truth, k: int, window: int, generator: np.random.Generator
) -> Iterator[TimedRequest]:
    """What is strange about times, beside ids that are."""
    catalogue, strange = truth.catalogue, _strange_ids(truth.catalogue)
    day, start = 86_400, 1_700_000_000

    def draw(length: int) -> list:
        return catalogue.ids[generator.integers(0, catalogue.size, length)].tolist()

    def ascending(length: int) -> list[int]:
        return (start + np.cumsum(generator.integers(0, 30 * day, length))).tolist()

    four, unknown = draw(4), [strange[0], *draw(2), *strange[1:], *draw(1)]
    many, told = draw(2 * window + 3), ascending(2 * window + 3)
    batches: dict[str, tuple[list[list], list[list[int]], list[int]]] = {
        "times": ([four, four, four], [ascending(4)] * 3, [0, told[3] + 1, start + 9_999 * day]),
        "times_of_unknown_ids": ([unknown], [ascending(len(unknown))], [start + 3_000 * day]),
        "one_unknown_time": ([four], [[0, *ascending(3)]], [start + day]),
        "no_times": ([four], [[0] * 4], [start]),
        "negative_times": ([four], [[-5, -(2**63), 7, start]], [-1]),
        "backwards": ([four], [ascending(4)[::-1]], [start // 2]),
        "longer_than_the_window": ([many], [told], [told[-1] + day]),
        "largest": ([four], [[1, 2, 2**62, 2**63 - 2]], [2**63 - 1]),
        "empty": ([[]], [[]], [start]),
    }
    for name, (histories, timestamps, now) in batches.items():
        times = map(truth.times, histories, timestamps, now)
        answers = tuple(
            truth.recommended(history, truth.seen(history), k, each)
            for history, each in zip(histories, times, strict=True)
        )
        yield TimedRequest(
            name=name, histories=histories, answers=answers, timestamps=timestamps, now=now
        )


def _timed_call(truth: Truth, k: int, id_name: str, request: TimedRequest) -> Call:
    """`recommend` with options, and times for everybody but one moment that is now."""
    now, histories = request.now[1], request.histories
    times = [truth.times(*pair, now) for pair in zip(histories, request.timestamps, strict=True)]
    answers = tuple(
        truth.recommended(history, truth.seen(history), max(1, k - 1), each)
        for history, each in zip(histories, times, strict=True)
    )
    inputs = {id_name: histories, "timestamps": request.timestamps, "now": [now]}
    options = {"k": max(1, k - 1)}
    name = "recommend, times"
    return Call(name=name, signature="recommend", inputs=inputs | options, answers=answers)


def golden_calls(
    truth: Truth, k: int, id_name: str, generator: np.random.Generator
) -> Iterator[Call]:
    """Requests to single signatures."""
    ids = truth.catalogue.ids

    def draw(*shape: int) -> list:
        return ids[generator.integers(0, len(ids), shape)].tolist()

    histories = draw(3, 7)
    for name, options, hidden in _options(truth, k, draw(2)):
        filtered = options.get("filter_seen")
        answers = tuple(
            truth.recommended(h, [*hidden, *truth.seen(h, filtered)], options.get("k", k))
            for h in histories
        )
        inputs = {id_name: histories, **options}
        name = f"recommend, {name}"
        yield Call(name=name, signature="recommend", inputs=inputs, answers=answers)
    padding, *unknown = _strange_ids(truth.catalogue)
    candidates = [[*draw(4), unknown[0]] for _ in histories]
    scores = [truth.candidate_scores(*pair) for pair in zip(histories, candidates, strict=True)]
    inputs = {id_name: histories, "candidate_ids": candidates}
    yield Call(name="score", signature="score", inputs=inputs, outputs={"scores": scores})
    cold = [*histories, [padding] * 7]
    vectors = [truth.vector(history).tolist() for history in cold]
    outputs = {"embedding": vectors}
    yield Call(name="encode", signature="encode", inputs={id_name: cold}, outputs=outputs)
    items = [*draw(2), unknown[0]]
    answers = tuple(truth.similar(raw, k) for raw in items)
    yield Call(name="similar", signature="similar", inputs={id_name: items}, answers=answers)


def _options(truth: Truth, k: int, drawn: list) -> Iterator[tuple[str, dict, list[int]]]:
    """Options of `recommend`: name, inputs (others take their defaults), rows that they hide."""
    catalogue = truth.catalogue
    excluded = [*drawn, _strange_ids(catalogue)[0]]
    yield "defaults", {}, []
    # What is not the default, so that each of the two is asked for.
    options = {"k": max(1, k // 2), "exclude_ids": excluded, "filter_seen": truth.repeats}
    yield "options", options, truth.rows(excluded)
    if catalogue.size <= WHOLE_CATALOGUE:
        yield "more than there are", {"k": catalogue.size + 2, "exclude_ids": []}, []
    if catalogue.categories is not None:
        members = catalogue.category_members()
        chosen = sorted(members, key=lambda name: -len(members[name]))[1:3]
        kept = np.concatenate([[0], *(members[name] for name in chosen)])
        others = np.setdiff1d(np.arange(catalogue.size + 1), kept).tolist()
        yield "categories", {"categories": [*chosen, "no such category"]}, others


def golden_histories(
    catalogue: Catalogue, window: int, generator: np.random.Generator
) -> dict[str, list[list]]:
    """Named batches of histories, each a list of raw ids."""

    def draw(length: int) -> list:
        return catalogue.ids[generator.integers(0, catalogue.size, length)].tolist()

    batch = max(2, min(64, MOST_SCORES // catalogue.size))
    strange = _strange_ids(catalogue)
    unknown_between = [strange[0], *draw(2), *strange[1:], *draw(1), strange[0]]
    return {
        "empty": [[]],
        "one_item": [draw(1)],
        "unknown_ids": [unknown_between],
        "only_unknown_ids": [strange],
        "exactly_the_window": [draw(window)],
        "longer_than_the_window": [draw(2 * window + 3)],
        "duplicates": [draw(2) * 3],
        f"batch_of_{batch}": [draw(int(n)) for n in generator.integers(0, window + 20, batch)],
    }


def _strange_ids(catalogue: Catalogue) -> list:
    """Ids no catalogue has: padding, negatives, and one beyond the largest."""
    if catalogue.ids.dtype == np.int64:
        largest = int(catalogue.ids[-1])
        return [0, -7, largest + 1 if largest < 2**31 - 1 else 1 - largest]
    return ["", "\N{SNOWMAN}", f"{catalogue.ids[-1]}?"]
