"""A served recommender as a Python object; `serving.client` is where to import it from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple

from serving.client.times import time_options
from serving.client.transports.forms import as_ids, components, padded, scalar, vector
from serving.client.transports.opening import open_transport
from serving.client.transports.retrying import Retries
from serving.client.transports.transport import Served, TensorSpec, Values
from serving.protocol.errors import InputError

PLAIN, WITH_OPTIONS = "ragged", "recommend"
ROW_SPLITS = "row_splits"

Histories = Sequence[Sequence[int | str]]


class IdInput(NamedTuple):
    """The input that takes item ids.

    Attributes:
        name: `movie_ids`, `item_ids` or another; the output with ids has the same name.
        dtype: name of its TensorFlow type, `DT_INT64` or `DT_STRING`.
    """

    name: str
    dtype: str


@dataclass(frozen=True)
class Recommendation:
    """One recommended item.

    Attributes:
        id: the raw item id; an int or a str, as in the model's catalogue.
        title: its title, "" where the catalogue has none.
        score: the model's score; only comparable within one answer.
    """

    id: int | str
    title: str
    score: float


class Recommender:
    """A model on TensorFlow Serving or the embedded server, which answer alike.

    Histories are lists of raw item ids, oldest first, of any lengths, also empty. The model's
    signatures are asked of the server once, with the first request. Requests that fail for a
    passing reason (no connection, no answer in time, HTTP 429, 503, 504 or gRPC's counterparts)
    are sent again, as `retries` says. Threads may share a recommender.

    Args:
        url: the server's base URL: `http://HOST:PORT`, `https://HOST` or `grpc://HOST:PORT`. A
            front that asks for a password gets `https://NAME:PASSWORD@HOST`'s.
        model: the model's name on the server.
        version: the version to ask; None is the newest.
        label: the version label to ask instead, such as `stable`.
        timeout: seconds to wait for an answer.
        retries: how often and how long failures are retried.

    Raises:
        InputError: `url` is none, `timeout` is not above 0, or a version and a label are given.
    """

    def __init__(
        self,
        url: str = "http://localhost:8501",
        model: str = "seqrec",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 30.0,
        retries: Retries = Retries(),  # noqa: B008 (frozen)
    ):
        if version is not None and label is not None:
            raise InputError(f"expected a version or a label. Received: {version} and {label!r}")
        if not 0 < timeout < float("inf"):
            raise InputError(f"timeout: expected seconds above 0. Received: {timeout}")
        served = Served(url.rstrip("/"), model, version, label)
        self.transport = open_transport(served, timeout, retries)

    def recommend(
        self,
        histories: Histories,
        k: int | None = None,
        exclude_ids: Sequence[int | str] = (),
        filter_seen: bool | None = None,
        categories: Sequence[str] = (),
        timestamps: Sequence[Sequence[int]] | None = None,
        now: int | Sequence[int] | None = None,
    ) -> list[list[Recommendation]]:
        """Recommend items for a batch of histories.

        A plain request goes to the signature `ragged`: the histories as flat ids and row splits;
        of its answer, the first k. Where k is larger than the export's, or any of the others says
        something, it goes to `recommend`, the histories padded to the longest. What is not said is
        as the signature's default says.

        Args:
            histories: the batch.
            k: items for each history; None is as many as the model was exported for.
            exclude_ids: nobody of the batch gets these.
            filter_seen: whether items of a history are left out of its answer; None is as the
                model was exported, which is yes but for `--repeats`.
            categories: only items of any of these; none for all.
            timestamps: for each history when each of its items was, in the unit of the log that
                the model learnt from; 0 is unknown. For models that read times.
            now: when the request is, for all or for each history; None and 0 are unknown.

        Returns:
            For each history the recommended items, best first. Filler (id 0 or "") is left out.

        Raises:
            RequestError: the server cannot be reached or refuses.
            InputError: ids of another type, k below 1, not as many times as items, or an option
                this model does not have.
        """
        _check_k(k)
        if len(histories) == 0:
            return []
        lists = {"exclude_ids": exclude_ids, "categories": categories}
        options: dict[str, Any] = {name: values for name, values in lists.items() if len(values)}
        if filter_seen is not None and filter_seen != self._hides_seen:
            options["filter_seen"] = bool(filter_seen)
        options |= time_options(histories, timestamps, now)
        if options or (k is not None and k > self._exported_k):
            if k is not None:
                options["k"] = k
            return self._recommendations(WITH_OPTIONS, self._with_options(histories, options), k)
        ids, splits = components(self._typed_rows(histories))
        return self._recommendations(PLAIN, {self.id_input.name: ids, ROW_SPLITS: splits}, k)

    def similar(self, ids: Sequence[int | str], k: int | None = None) -> list[list[Recommendation]]:
        """The items most like each item, best first; the signature `similar`, of it the first k.

        An unknown id gets the popularity ranking. Raises as `recommend`.
        """
        _check_k(k)
        if len(ids) == 0:
            return []
        inputs = {self.id_input.name: vector(as_ids(ids, self.id_input.dtype))}
        return self._recommendations("similar", inputs, k)

    def score(self, histories: Histories, candidates: Histories) -> list[list[float]]:
        """How well candidates go on a history; the signature `score`.

        Args:
            histories: the batch.
            candidates: raw ids for each history, any numbers of them.

        Returns:
            For each history the scores of its candidates, in their order, in the unit of
            `recommend`'s; the lowest finite float32 for an unknown id.

        Raises:
            RequestError, InputError: as `recommend`; or not as many candidate lists as histories.
        """
        if len(histories) != len(candidates):
            raise InputError(
                f"score: expected a list of candidates for each of {len(histories)} histories. "
                f"Received: {len(candidates)} lists"
            )
        if len(histories) == 0:
            return []
        inputs = {
            self.id_input.name: self._matrix(histories),
            "candidate_ids": self._matrix(candidates),
        }
        (rows,) = self._predict("score", inputs, ["scores"])
        return [row[: len(ids)] for row, ids in zip(rows, candidates, strict=True)]

    def encode(self, histories: Histories) -> list[list[float]]:
        """The vector of each history, for a vector database; the signature `encode`.

        Zeros for a history with nothing known. Raises as `recommend`.
        """
        if len(histories) == 0:
            return []
        inputs = {self.id_input.name: self._matrix(histories)}
        return self._predict("encode", inputs, ["embedding"])[0]

    @cached_property
    def id_input(self) -> IdInput:
        """The input with the ids, asked of the server once.

        Raises:
            RequestError, InputError: as `recommend`.
        """
        inputs = self.transport.signature(PLAIN).inputs
        optional = self.transport.signature(PLAIN).defaults
        names = [name for name in inputs if name != ROW_SPLITS and name not in optional]
        if len(names) != 1 or ROW_SPLITS not in inputs:
            raise InputError(
                f"{self.transport.served}: expected a signature {PLAIN!r} with an id input and "
                f"{ROW_SPLITS}. Received: {', '.join(sorted(inputs))}"
            )
        return IdInput(names[0], inputs[names[0]].dtype)

    def close(self) -> None:
        """Give up the connections."""
        self.transport.close()

    def __enter__(self) -> "Recommender":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _with_options(self, histories: Histories, options: dict[str, Any]) -> dict[str, Values]:
        """Inputs of the signature `recommend`, without those that have their defaults."""
        signature = self.transport.signature(WITH_OPTIONS)
        for name, value in options.items():
            if name not in signature.inputs:
                raise InputError(
                    f"{name}: {self.transport.served} was exported without this option; "
                    f"{WITH_OPTIONS!r} takes {', '.join(sorted(signature.inputs))}. "
                    f"Received: {value!r}"
                )
        # For a model whose signature has no defaults.
        neutral: dict[str, Any] = {
            "k": self._exported_k,
            "filter_seen": True,
            "exclude_ids": (),
            "categories": (),
            "timestamps": [[0]],
            "now": [0],
        }
        needed = signature.inputs.keys() - signature.defaults.keys()
        options = {n: value for n, value in neutral.items() if n in needed} | options
        values = {
            name: self._option(value, signature.inputs[name]) for name, value in options.items()
        }
        return {self.id_input.name: self._matrix(histories), **values}

    @staticmethod
    def _option(value: object, spec: TensorSpec) -> Values:
        """One option as its input takes it: a scalar, a vector or a padded matrix."""
        if not spec.shape:
            return scalar(value)
        rows: Any = value
        if len(spec.shape) == 1:
            return vector(as_ids(rows, spec.dtype))
        return padded([as_ids(row, spec.dtype) for row in rows], 0)

    @property
    def _hides_seen(self) -> bool:
        """What the model does by itself."""
        signature = self.transport.signatures.get(WITH_OPTIONS)
        default = signature.defaults.get("filter_seen") if signature else None
        return bool(default().values[0]) if default else True

    def _recommendations(
        self, signature: str, inputs: dict[str, Values], k: int | None
    ) -> list[list[Recommendation]]:
        outputs = self._predict(signature, inputs, (self.id_input.name, "titles", "scores"))
        return [_answer(*row)[:k] for row in zip(*outputs, strict=True)]

    def _predict(
        self, name: str, inputs: dict[str, Values], outputs: Sequence[str]
    ) -> list[list[Any]]:
        """Run a signature; the outputs of those aliases."""
        promised = self.transport.signature(name).outputs
        if not promised.keys() >= set(outputs):
            raise InputError(
                f"{self.transport.served}: expected the signature {name!r} to return "
                f"{', '.join(outputs)}. Received: {', '.join(sorted(promised))}"
            )
        answer = self.transport.predict(name, inputs)
        return [answer[alias] for alias in outputs]

    @property
    def _exported_k(self) -> int:
        return self.transport.signature(PLAIN).outputs["scores"].shape[-1]

    def _typed_rows(self, rows: Histories) -> list[list[Any]]:
        return [as_ids(row, self.id_input.dtype) for row in rows]

    def _matrix(self, rows: Histories) -> Values:
        padding = "" if self.id_input.dtype == "DT_STRING" else 0
        return padded(self._typed_rows(rows), padding)


def _check_k(k: int | None) -> None:
    if k is not None and k < 1:
        raise InputError(f"k: expected a number from 1. Received: {k}")


def _answer(ids: list[Any], titles: list[str], scores: list[float]) -> list[Recommendation]:
    rows = zip(ids, titles, scores, strict=True)
    # 0 and "" fill the tail where fewer items are left than asked for.
    return [Recommendation(*row) for row in rows if row[0] not in (0, "")]
