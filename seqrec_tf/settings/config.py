"""The configuration of a run: three frozen dataclasses that are also flags and `config.json`.

Each field is declared once, with its help text; `seqrec_tf.options` makes the command-line flags,
`as_dict` and `from_dict` the JSON. An unknown key is an error, so a typing mistake never trains
the wrong model silently.
"""

import dataclasses
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from seqrec_tf.errors import InputError

DATASETS = (
    "demo",
    "ml-100k",
    "ml-1m",
    "ml-10m",
    "ml-20m",
    "ml-25m",
    "ml-32m",
    "ml-latest-small",
)
PROTOCOLS = ("P1", "P2", "P3", "PT")
OBJECTIVES = ("bce", "gbce", "full-softmax", "sampled-softmax", "in-batch-softmax", "bpr-max")
CLOSED_FORM = ("ease", "item-knn", "markov")  # encoders that are computed, not trained
DURATION = ("epochs", "patience", "min_steps")
RESUMABLE = (*DURATION, "refit")  # what --resume may change
DRAWN = ("bce", "gbce", "sampled-softmax", "bpr-max")  # objectives that draw negatives

Value = TypeVar("Value")
Sections = dict[str, dict[str, Any]]  # section -> field -> value


def option(default: Value, help_text: str, choices: tuple[str, ...] | None = None) -> Value:
    """A config field with the text of its flag's `--help`."""
    return field(default=default, metadata={"help": help_text, "choices": choices})


@dataclass(frozen=True)
class DataConfig:
    """Where the interactions come from, what is filtered away, and how they are split."""

    dataset: str = option("demo", "a known dataset; demo is generated, offline", DATASETS)
    data_dir: str | None = option(
        None, "folder with GroupLens' own files of --dataset, or with what --tfds has prepared"
    )
    cache_dir: str | None = option(None, "where downloads are kept (default ~/.cache/seqrec-tf)")
    interactions: str | None = option(
        None,
        "your own log instead of --dataset: .csv, .tsv, .parquet or .jsonl, or a folder of them",
    )
    tfds: str | None = option(
        None,
        "a dataset that tensorflow-datasets has prepared, instead of --dataset: NAME, NAME/CONFIG "
        "or NAME:VERSION; the columns are then its features, and movie_id, movie_title and the "
        "like are found",
    )
    user_column: str = option("user_id", "column of --interactions that names the user")
    item_column: str = option("item_id", "column of --interactions and --titles with the item id")
    time_column: str = option("timestamp", "column with the time: a number or an ISO 8601 date")
    rating_column: str | None = option(None, "column with a rating, needed by --min-rating")
    titles: str | None = option(None, "table with the item column and --title-column")
    title_column: str = option("title", "column of --titles with the title")
    category_column: str | None = option(
        None, "column of --titles with an item's categories, | between them"
    )
    id_type: str = option("auto", "type of the item ids", ("auto", "int64", "string"))
    id_name: str = option("auto", "name of the id input when served (movie_ids, item_ids, ...)")
    protocol: str = option(
        "P1", "evaluation protocol: filters and split (seqrec_tf/README.md)", PROTOCOLS
    )
    min_rating: float | None = option(None, "drop lower ratings (default: the protocol's)")
    min_item_count: int | None = option(None, "drop rarer items (default: the protocol's)")
    min_user_count: int | None = option(None, "drop users with fewer interactions, repeatedly")
    min_sequence_length: int = option(1, "drop shorter histories, once, after all other filters")
    validation_from: float | None = option(None, "PT: first time of validation (default: 80 %%)")
    test_from: float | None = option(None, "PT: first time of the test (default: 90 %%)")
    test_days: float | None = option(
        None,
        "PT: test on the last so many days of the log, and validate on as many before them; times "
        "are then seconds",
    )
    repeats: bool = option(
        False,
        "items of a history may come up again, in the evaluation and in the export (music, "
        "groceries); otherwise they are hidden, and a target seen before is a miss",
    )

    @property
    def name(self) -> str:
        """What the data is called: a log's path, or a dataset's name."""
        return self.interactions or self.tfds or self.dataset


@dataclass(frozen=True)
class EncoderConfig:
    """The network that turns a history into a vector."""

    encoder: str = option(
        "sasrec",
        "network, or item-item model (ease, item-knn, markov), which takes seconds; auto: sasrec, "
        "or the item-item model that is better in validation",
        ("sasrec", "gru4rec", *CLOSED_FORM, "auto"),
    )
    window: int = option(50, "most recent items of a history that the encoder reads")
    dim: int = option(64, "width of item and history vectors; the rank of an item-item model")
    layers: int = option(2, "transformer blocks or GRU layers")
    heads: int = option(1, "attention heads (sasrec)")
    dropout: float | None = option(
        0.2, "dropout rate; with --recipe auto it follows from how many interactions there are"
    )
    positions: str = option(
        "learned",
        "sasrec: a vector for each position, a bias for each distance, or neither",
        ("learned", "relative", "none"),
    )
    norm: str = option("pre", "sasrec: normalise before or after each branch", ("pre", "post"))
    expansion: int = option(1, "sasrec: width of the feed-forward layers, in multiples of --dim")
    gated: bool = option(False, "sasrec: gated blocks (LiGR) with SwiGLU")
    time_bias: bool = option(False, "read when items were, and when the next is asked for")
    tied: bool = option(True, "one table for the items of histories and candidates")
    blend: bool = option(
        False,
        "add to the scores those of item-kNN and EASE, where that helps in validation: 256 to "
        "1,024 more dimensions",
    )


@dataclass(frozen=True)
class TrainingConfig:
    """The objective and how it is optimised."""

    recipe: str = option("auto", "named hyper-parameters; explicit flags win over them")
    continue_from: str | None = option(
        None, "train on from the weights of this run, in its settings, on the data given now"
    )
    objective: str = option(
        "full-softmax",
        "loss (seqrec_tf/README.md, Objectives); auto, as in --recipe auto: full-softmax, or "
        "sampled-softmax on a large catalogue",
        (*OBJECTIVES, "auto"),
    )
    examples: str = option(
        "positions",
        "positions: the most recent window of a history is one example, with a target at every "
        "position; slices: all of a history, cut into windows at places that change every epoch; "
        "prefixes: every position of a history is an example of its own",
        ("positions", "slices", "prefixes"),
    )
    negatives: int | None = option(
        None,
        "negatives drawn: for each target (bce, default 1), or for a batch (gbce, default 256; "
        "sampled-softmax and bpr-max, default 1024)",
    )
    popularity_share: float = option(0.0, "share of a batch's negatives drawn by popularity")
    in_batch_negatives: bool = option(False, "the batch's targets are negatives too")
    calibration: float = option(0.75, "t of gbce, from 0 (bce) to 1 (softmax)")
    score_penalty: float = option(1.0, "weight of bpr-max' penalty on high scores")
    label_smoothing: float = option(
        0.0, "full-softmax: share of a target's probability that all items have in equal parts"
    )
    item_dropout: float = option(
        0.0, "share of a history's items that a training step leaves out, others every epoch"
    )
    batch_size: int = option(128, "examples a step")
    epochs: int = option(50, "at most this many passes over the training part")
    min_steps: int | None = option(
        0,
        "stretch --epochs and --patience for small data until --epochs have so many steps; with "
        "--recipe auto 4000, and on fewer than 500,000 interactions those of 30 epochs",
    )
    optimizer: str = option("adam", "optimizer", ("adam", "adamw"))
    learning_rate: float = option(1e-3, "learning rate")
    schedule: str = option("constant", "learning rate over --epochs", ("constant", "cosine"))
    warmup: float = option(0.0, "epochs over which the learning rate rises to its value")
    beta_2: float = option(0.999, "decay of Adam's second moment")
    average: float = option(0.0, "decay a step of a moving average of the weights; 0: none")
    patience: int | None = option(
        10,
        "stop after so many epochs without better validation NDCG@10; with --recipe auto a sixth "
        "of --epochs, and at least 3",
    )
    search_minutes: float = option(
        0.0,
        "time for other candidates: before the training goes on, each is trained for a third of "
        "the epochs, and the best in validation stays; 0: no search",
    )
    candidates: str = option(
        "dropout,dim",
        "what the search may change, unless it is named: some of dropout, dim, gated, "
        "learning_rate and time_bias, with commas",
    )
    validation_users: int = option(0, "validate on so many users, drawn by --seed; 0: all")
    length_buckets: int = option(16, "batch shapes: histories of like length share a batch")
    precision: str = option(
        "float32",
        "mixed: matrix products and activations in 16 bits, weights in 32; the run's model is "
        "float32 in any case",
        ("float32", "mixed_bfloat16", "mixed_float16"),
    )
    refit: bool = option(
        False,
        "after the evaluation, train the same again on all interactions, for as many steps as the "
        "best epoch took: that is the model to deploy, and the figures are of the one before",
    )
    mirrored: bool = option(False, "train on all GPUs of this machine (tf.distribute)")
    seed: int = option(0, "seed of weights, shuffling, dropout and negatives")

    @property
    def negatives_drawn(self) -> int:
        """`negatives`, or the objective's default."""
        return self.negatives or {"bce": 1, "gbce": 256}.get(self.objective, 1024)

    @property
    def popular_negatives(self) -> int:
        """How many of a batch's negatives are drawn by popularity."""
        return round(self.negatives_drawn * self.popularity_share)


@dataclass(frozen=True)
class RunConfig:
    """Everything that makes a run; `config.json` of the run directory."""

    data: DataConfig = DataConfig()
    encoder: EncoderConfig = EncoderConfig()
    training: TrainingConfig = TrainingConfig()

    def as_dict(self) -> Sections:
        """The config as `config.json` holds it: section -> field -> value."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Sections, source: str = "config") -> "RunConfig":
        """The reverse of `as_dict`; missing keys keep their default.

        Raises:
            InputError: a section or key that does not exist, or a value of another type or
                choice than the field's; the message names `source`.
        """
        sections = typing.get_type_hints(cls)
        reject_unknown(values, sections, source, "section")
        built = {}
        for name, kind in sections.items():
            known = {item.name: item for item in dataclasses.fields(kind)}
            section, place = values.get(name, {}), f"{source}, section {name!r}"
            reject_unknown(section, known, place, "key")
            for key, value in section.items():
                _check_value(known[key], value, place)
            built[name] = kind(**section)
        return cls(**built)


def weight_settings(config: RunConfig) -> Sections:
    """The settings that a run's weights depend on: all but those that `--resume` may change."""
    values = {section: config.as_dict()[section] for section in ("encoder", "training")}
    for name in RESUMABLE:
        del values["training"][name]
    return values


def flag(name: str) -> str:
    """The flag of a config field: `batch_size` -> `--batch-size`."""
    return "--" + name.replace("_", "-")


def reject_unknown(values: object, known: Iterable[str], source: str, what: str) -> None:
    """Refuse what is no JSON object, or has a key that is none of `known`."""
    if not isinstance(values, dict):
        raise InputError(f"{source}: expected a JSON object. Received: {type(values).__name__}.")
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InputError(
            f"{source}: unknown {what} {unknown[0]!r}; expected one of {', '.join(sorted(known))}."
        )


def _check_value(item: dataclasses.Field[Any], value: object, source: str) -> None:
    kinds = typing.get_args(item.type) or (item.type,)
    allowed = (*kinds, int) if float in kinds else kinds
    if isinstance(value, bool) != (item.type is bool) or not isinstance(value, allowed):
        names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
        raise InputError(f"{source}, key {item.name!r}: expected {names}. Received: {value!r}.")
    choices = item.metadata["choices"]
    if choices and value not in choices:
        raise InputError(
            f"{source}, key {item.name!r}: expected one of {', '.join(choices)}. "
            f"Received: {value!r}."
        )


def override(config: RunConfig, given: Sections) -> RunConfig:
    """`config` with the fields of `given` (section -> field -> value)."""
    sections = {
        name: dataclasses.replace(getattr(config, name), **values) for name, values in given.items()
    }
    return dataclasses.replace(config, **sections)
