"""Ask a served recommender what comes next.

    python -m serving.client 1193 661 914

Talks to the embedded server and to TensorFlow Serving alike, over REST and gRPC, and needs no
TensorFlow.
"""

import dataclasses
import json
from argparse import BooleanOptionalAction
from collections.abc import Sequence
from dataclasses import dataclass

from serving.client.recommender import Recommendation, Recommender
from serving.command import CommandParser, run_command
from serving.interrupts import end_at_once
from serving.protocol.errors import InputError

EPILOG = """\
examples:
  python -m serving.client 1193 661 914
  python -m serving.client --url http://gpu-box:8501 --model seqrec --model-version 3 1193
  python -m serving.client --url grpc://localhost:8500 --k 3 1193      # needs the extra grpc
  python -m serving.client --url "https://reader:$password@films.example:8443" --label stable 1193
  python -m serving.client 1193 661 --k 20 --exclude 2858 260 --keep-seen
  python -m serving.client 1193 --categories Animation Musical         # export --categories
  python -m serving.client 1193 661 --timestamps 978300760 978302109 --now 978400000
  python -m serving.client --similar 1193 661
  python -m serving.client --json 1193 661 914 | jq '.[].title'
"""


def main() -> None:
    """Read the flags and print what the server recommends."""
    end_at_once()
    flags = vars(_parser().parse_intermixed_args())
    as_json = flags.pop("json")
    server = [flags.pop(name) for name in ("url", "model", "model_version", "label", "timeout")]

    def command() -> None:
        with Recommender(*server) as recommender:
            print(answer(recommender, Question(**flags), as_json))

    run_command(command)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="python -m serving.client",
        description="Ask a served recommender what follows a history.",
        epilog=EPILOG,
    )
    parser.add_argument("ids", nargs="*", help="item ids of the history, oldest first")
    parser.add_argument(
        "--url",
        default="http://localhost:8501",
        help="server, http(s)://[NAME:PASSWORD@]HOST:PORT or grpc://HOST:PORT (%(default)s)",
    )
    parser.add_argument("--model", default="seqrec", help="model's name (%(default)s)")
    parser.add_argument("--model-version", type=int, help="version (default: the newest)")
    parser.add_argument("--label", help="version label, such as stable, instead of a version")
    parser.add_argument("--k", type=int, help="items (default: as many as it was exported for)")
    parser.add_argument("--exclude", nargs="+", default=(), metavar="ID", help="never these")
    parser.add_argument(
        "--keep-seen",
        action=BooleanOptionalAction,
        help="whether what the history holds is recommended, too (default: as exported)",
    )
    parser.add_argument(
        "--categories", nargs="+", default=(), metavar="NAME", help="only items of any of these"
    )
    parser.add_argument(
        "--timestamps",
        nargs="+",
        type=int,
        metavar="TIME",
        help="when each item was, for a model that reads times (train --time-bias)",
    )
    parser.add_argument("--now", type=int, metavar="TIME", help="when the question is asked")
    parser.add_argument(
        "--similar", action="store_true", help="items like each of the ids, which are no history"
    )
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds (%(default)g)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        ids: a history, oldest first; or items, each of which is asked for.
        k: items; None for as many as the model was exported for.
        exclude: never these.
        keep_seen: whether what the history holds is recommended, too; None for as exported.
        categories: only items of any of these; none for all.
        timestamps: when each of the ids was; None if that is unknown.
        now: when the question is asked; None if that is unknown.
        similar: whether items like each of the ids are asked for.
    """

    ids: Sequence[str]
    k: int | None = None
    exclude: Sequence[str] = ()
    keep_seen: bool | None = None
    categories: Sequence[str] = ()
    timestamps: Sequence[int] | None = None
    now: int | None = None
    similar: bool = False


def answer(recommender: Recommender, question: Question, as_json: bool = False) -> str:
    """The answer to a question, as aligned tables or as JSON.

    Raises:
        RequestError, InputError: as `Recommender.recommend`.
    """
    if question.similar:
        _require_no_history(question)
        what, asked = "item", [[item] for item in question.ids]
        answers = recommender.similar(question.ids, question.k)
    else:
        what, asked = "history", [list(question.ids)]
        hide = None if question.keep_seen is None else not question.keep_seen
        options = (question.k, question.exclude, hide, question.categories)
        told = None if question.timestamps is None else [question.timestamps]
        answers = recommender.recommend(asked, *options, told, question.now)
    if as_json:
        return json.dumps([dataclasses.asdict(item) for each in answers for item in each])
    return "\n\n".join(table(*pair, what) for pair in zip(asked, answers, strict=True))


def _require_no_history(question: Question) -> None:
    for name in ("exclude", "keep_seen", "categories", "timestamps", "now"):
        value = getattr(question, name)
        if value not in (None, ()):
            raise InputError(
                f"--{name.replace('_', '-')}: expected a history, not --similar. Received: {value}."
            )


def table(
    asked: Sequence[int | str], recommendations: Sequence[Recommendation], what: str = "history"
) -> str:
    """A history, or an item, and what is recommended after it, as an aligned text table."""
    rows = [("rank", "id", "score", "title")]
    for rank, item in enumerate(recommendations, 1):
        rows.append((str(rank), str(item.id), f"{item.score:.4f}", item.title))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{rank:>{widths[0]}}  {item_id:>{widths[1]}}  {score:>{widths[2]}}  {title}".rstrip()
        for rank, item_id, score, title in rows
    ]
    return "\n".join([f"{what}: {' '.join(map(str, asked)) or '(empty)'}", "", *lines])


if __name__ == "__main__":
    main()
