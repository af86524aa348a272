"""Ask a served recommender what comes next.

    python -m serving.client 1193 661 914

As a library, with histories of any lengths:

    recommender = Recommender("http://localhost:8501")
    for history in recommender.recommend([[1193, 661], [914]]):
        print([recommendation.title for recommendation in history])

Talks to the embedded server and to TensorFlow Serving alike, and needs no TensorFlow.
"""

import json
import re
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

from serving.command import CommandParser, run_command
from serving.errors import InputError

SIGNATURE = "ragged"
ROW_SPLITS = "row_splits"

EPILOG = """\
examples:
  python -m serving.client 1193 661 914
  python -m serving.client --url http://gpu-box:8501 --model seqrec --model-version 3 1193
  python -m serving.client --json 1193 661 914 | jq .outputs.scores
"""


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
    """A served model, asked through its `ragged` signature.

    Args:
        url: the server's base URL.
        model: the model's name on the server.
        version: the version to ask; None is the newest.
        timeout: seconds to wait for an answer.

    Raises:
        InputError: `url` is none.
    """

    def __init__(
        self,
        url: str = "http://localhost:8501",
        model: str = "seqrec",
        version: int | None = None,
        timeout: float = 30.0,
    ):
        if not re.match(r"https?://[^/\s]", url):
            raise InputError(f"url: expected http://HOST:PORT. Received: {url!r}")
        # Imported here, for it takes longer than everything else in --help.
        import requests

        self._session = requests.Session()
        self._timeout = timeout
        place = "" if version is None else f"/versions/{version}"
        self._model_url = f"{url.rstrip('/')}/v1/models/{quote(model, safe='')}{place}"

    def recommend(self, histories: Sequence[Sequence[int | str]]) -> list[list[Recommendation]]:
        """Recommend items for a batch of histories.

        Args:
            histories: raw item ids of each history, oldest first; any lengths, also none.

        Returns:
            For each history, the recommended items, best first. Filler (id 0 or "") is left out.

        Raises:
            InputError: the server cannot be reached or refuses, or ids are of the wrong type.
        """
        if len(histories) == 0:
            return []
        outputs = json.loads(self.ask(histories))["outputs"]
        expected = (self.id_input.name, "titles", "scores")
        if not isinstance(outputs, dict) or not outputs.keys() >= set(expected):
            raise InputError(
                f"{self._model_url}: expected the signature {SIGNATURE!r} to return "
                f"{', '.join(expected)}. Received: {str(outputs)[:100]}"
            )
        rows = zip(*(outputs[alias] for alias in expected), strict=True)
        return [_recommendations(*row) for row in rows]

    def ask(self, histories: Sequence[Sequence[int | str]]) -> str:
        """The server's answer for a batch of histories, as JSON text.

        Raises:
            InputError: as `recommend`.
        """
        row_splits = [0]
        for history in histories:
            row_splits.append(row_splits[-1] + len(history))
        ids = [self._typed(item) for history in histories for item in history]
        inputs = {self.id_input.name: ids, ROW_SPLITS: row_splits}
        body = json.dumps({"signature_name": SIGNATURE, "inputs": inputs})
        return self._request("POST", f"{self._model_url}:predict", body)

    @cached_property
    def id_input(self) -> IdInput:
        """The input with the ids, asked of the server once.

        Raises:
            InputError: as `recommend`, or the model has no such signature.
        """
        url = f"{self._model_url}/metadata"
        try:
            metadata = json.loads(self._request("GET", url))["metadata"]
            signatures = metadata["signature_def"]["signature_def"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{url}: the answer is no model metadata; wrong server?") from error
        inputs = signatures.get(SIGNATURE, {}).get("inputs", {})
        names = [name for name in inputs if name != ROW_SPLITS]
        if len(names) != 1 or ROW_SPLITS not in inputs:
            raise InputError(
                f"{self._model_url}: expected a signature {SIGNATURE!r} with an id input and "
                f"{ROW_SPLITS}. Received: signatures {', '.join(sorted(signatures))}"
            )
        return IdInput(names[0], inputs[names[0]]["dtype"])

    def _typed(self, item: int | str) -> int | str:
        if self.id_input.dtype == "DT_STRING":
            return str(item)
        if not re.fullmatch(r"-?[0-9]+", str(item)):
            raise InputError(f"history: expected ids that are integers. Received: {item!r}")
        return int(item)

    def _request(self, method: str, url: str, body: str | None = None) -> str:
        import requests

        try:
            response = self._session.request(method, url, data=body, timeout=self._timeout)
        except requests.ConnectionError as error:
            raise InputError(f"nothing answers at {url}; is the server running there?") from error
        except requests.RequestException as error:
            raise InputError(f"{url}: {error}") from error
        # Titles may hold bytes that are not UTF-8; servers pass them through.
        text = response.content.decode("utf-8", "replace")
        if not response.ok:
            raise InputError(f"{url}: HTTP {response.status_code}: {_reason(text)}")
        if not response.headers.get("content-type", "").startswith("application/json"):
            raise InputError(f"{url}: expected JSON; is this a model server? Received: {text[:80]}")
        return text


def table(history: Sequence[int | str], recommendations: Sequence[Recommendation]) -> str:
    """A history and what is recommended after it, as an aligned text table."""
    rows = [("rank", "id", "score", "title")]
    for rank, item in enumerate(recommendations, 1):
        rows.append((str(rank), str(item.id), f"{item.score:.4f}", item.title))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{rank:>{widths[0]}}  {item_id:>{widths[1]}}  {score:>{widths[2]}}  {title}".rstrip()
        for rank, item_id, score, title in rows
    ]
    return "\n".join([f"history: {' '.join(map(str, history)) or '(empty)'}", "", *lines])


def main() -> None:
    """Read the flags and print what the server recommends."""
    parser = CommandParser(
        prog="python -m serving.client",
        description="Ask a served recommender what follows a history.",
        epilog=EPILOG,
    )
    parser.add_argument("ids", nargs="*", help="item ids of the history, oldest first")
    parser.add_argument("--url", default="http://localhost:8501", help="server (%(default)s)")
    parser.add_argument("--model", default="seqrec", help="model's name (%(default)s)")
    parser.add_argument("--model-version", type=int, help="version (default: the newest)")
    parser.add_argument("--json", action="store_true", help="print the server's JSON answer")
    options = parser.parse_args()
    run_command(lambda: _print_answer(options))


def _print_answer(options: Namespace) -> None:
    recommender = Recommender(options.url, options.model, options.model_version)
    if options.json:
        print(recommender.ask([options.ids]))
    else:
        print(table(options.ids, recommender.recommend([options.ids])[0]))


def _reason(text: str) -> str:
    """The message of an error answer, or its first characters where it is no JSON."""
    try:
        return json.loads(text)["error"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return text[:80] or "no message"


def _recommendations(ids: list, titles: list[str], scores: list[float]) -> list[Recommendation]:
    rows = zip(ids, titles, scores, strict=True)
    # 0 and "" fill the tail where fewer items are left than asked for.
    return [Recommendation(*row) for row in rows if row[0] not in (0, "")]


if __name__ == "__main__":
    main()
