"""`python -m export` and `python -m export run`: a run, or an encoder, to version folders."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from export.artifact.publish import require_model_name
from export.commands import refresh
from export.commands.publishing import print_published
from export.graph.options import PRECISIONS, RETRIEVALS
from export.litert.modes import MODES, require_mode
from export.options import ExportOptions
from seqrec_tf.errors import InputError
from seqrec_tf.runs.directory import LATEST, read_run, require_finished
from seqrec_tf.settings.config import flag
from seqrec_tf.settings.id_names import require_id_name

HELP = "export a run, or an encoder of your own"
DESCRIPTION = "Export a run as one graph: encoder, retrieval, id mapping and titles."
FORMATS_OF = {
    "savedmodel": ("savedmodel",),
    "tflite": ("tflite",),
    # The SavedModel last: a server sees a version when everything that belongs to it is there.
    "all": ("tflite", "savedmodel"),
}
# What an encoder of somebody's own must come with.
NEEDED = ("items", "item_vectors", "window")
EPILOG = """examples:
  python -m export --format savedmodel
  python -m export --format all --run runs/ml1m --output models --name seqrec --k 20
  python -m export --exclude-items sold_out.txt --categories
  python -m export --retrieval ivf --recall 0.98 --precision int8
  python -m export --format tflite --quantize dynamic
  python -m export --encoder my.keras --items items.csv --item-vectors vectors.npy --window 50
  python -m export verify models/seqrec/1
  python -m export inspect models/seqrec/1
  python -m export refresh new_items.csv models/seqrec
  python -m export batch --histories ratings.csv --output all.parquet

Writes OUTPUT/NAME/VERSION (SavedModel), OUTPUT/NAME-lite/VERSION (LiteRT file and JSON sidecar)
and OUTPUT/models.config, and prints the version folders on stdout. Before anything is published,
a fresh process answers golden requests with every signature and with the LiteRT file; if one
answer differs from the Keras model's, the difference is shown, nothing is published, and the
exit code is 1.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The flags of an export, from a run or of an encoder of somebody's own."""
    parser.add_argument("--format", choices=FORMATS_OF, default="savedmodel", help="what to write")
    parser.add_argument("--run", type=Path, help="run directory (default: runs/latest)")
    parser.add_argument(
        "--output", type=Path, default=Path("models"), help="folder of models (default: models)"
    )
    parser.add_argument("--name", default="seqrec", help="model name (default: seqrec)")
    parser.add_argument("--k", type=int, default=10, help="items recommended (default: 10)")
    parser.add_argument("--id-name", help="name of the id input (default: the dataset's)")
    parser.add_argument(
        "--only-items", type=Path, help="recommend only the ids in this file, one a line"
    )
    parser.add_argument("--exclude-items", type=Path, help="never recommend the ids in this file")
    parser.add_argument(
        "--categories",
        action="store_true",
        help="let `recommend` be narrowed to categories of items, such as genres",
    )
    parser.add_argument(
        "--quantize", choices=MODES, default="none", help="numbers of the LiteRT file"
    )
    _add_retrieval_options(parser)
    _add_foreign_options(parser)
    _add_refresh_options(parser)


def _add_retrieval_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how the SavedModel finds items")
    group.add_argument(
        "--retrieval",
        choices=RETRIEVALS,
        default="exact",
        help="rate every item, or those of the nearest k-means cells (default: exact)",
    )
    group.add_argument(
        "--precision", choices=PRECISIONS, default="float32", help="of the item table"
    )
    group.add_argument("--cells", type=int, help="cells of ivf (default: 4 sqrt(items))")
    group.add_argument(
        "--probes", type=int, help="cells a request looks into (default: what --recall takes)"
    )
    group.add_argument(
        "--recall",
        type=float,
        default=0.95,
        help="share of the exact top 10 that ivf must find (default: 0.95)",
    )


def _add_foreign_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "an encoder of your own, instead of --run", "as export.export_savedmodel in Python"
    )
    group.add_argument(
        "--encoder",
        type=Path,
        help="a Keras 3 model, FILE.keras (not a kind of encoder, as it is in training)",
    )
    group.add_argument("--items", type=Path, help="table with id, and title and count if you like")
    group.add_argument("--item-vectors", type=Path, help="FILE.npy, (items, dim), in that order")
    group.add_argument("--window", type=int, help="most recent items that the encoder is given")
    group.add_argument("--padding", choices=("left", "right"), help="default: left")
    group.add_argument(
        "--fixed",
        action="store_true",
        default=None,
        help="the encoder takes exactly --window columns",
    )
    group.add_argument(
        "--repeats",
        action="store_true",
        default=None,
        help="seen items may be recommended again; a run says it itself",
    )


def _add_refresh_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "other items in a published model, without training", "as python -m export refresh"
    )
    group.add_argument(
        "--refresh-items",
        type=Path,
        help="table with id, and vector or neighbours to add it, or retire as action",
    )
    group.add_argument("--version-of", type=Path, help="the model's folder (or a version's)")


def command(given: dict[str, Any]) -> None:
    """Publish, and print the version folders."""
    require_model_name(given["name"])
    if given["id_name"] is not None:
        require_id_name(given["id_name"])
    require_mode(given["quantize"], FORMATS_OF[given["format"]])
    _require_one_source(given)
    if given["refresh_items"]:
        refresh.publish(given["refresh_items"], given["version_of"])
        return
    run = given["run"] or LATEST
    if not given["encoder"]:
        require_finished(run)
    names = [field.name for field in dataclasses.fields(ExportOptions)]
    known = given | {"formats": FORMATS_OF[given["format"]]}
    options = ExportOptions(**{name: known[name] for name in names})
    if given["encoder"]:
        print_published(lambda: _export_foreign(given, options))
    else:
        print_published(lambda: _export_run(run, options))


def _require_one_source(given: dict[str, Any]) -> None:
    """A run, an encoder with what belongs to it, or a version; nothing is silently ignored."""
    if (given["refresh_items"] is None) != (given["version_of"] is None):
        raise InputError("--refresh-items and --version-of: expected both or neither.")
    if given["encoder"] is None:
        _require_no_encoder(given)
    else:
        _require_whole_encoder(given)


def _require_no_encoder(given: dict[str, Any]) -> None:
    if given["refresh_items"] and given["repeats"]:
        raise InputError(
            "--repeats: expected none with --refresh-items, which keeps what the version has."
        )
    for name in (*NEEDED, "padding", "fixed"):
        if given[name] is not None:
            raise InputError(f"{flag(name)}: expected --encoder with it. Received: none.")


def _require_whole_encoder(given: dict[str, Any]) -> None:
    for name in ("run", "refresh_items"):
        if given[name] is not None:
            raise InputError(
                f"{flag(name)}: expected no --encoder beside it. Received: {given[name]}."
            )
    for name in NEEDED:
        if given[name] is None:
            raise InputError(f"--encoder: expected {flag(name)} with it.")
    if given["encoder"].suffix != ".keras" or not given["encoder"].is_file():
        raise InputError(
            "--encoder: expected a file that Keras wrote, NAME.keras. "
            f"Received: {given['encoder']}."
        )


def _export_run(run: Path, options: ExportOptions) -> list[Path]:
    from export.exporter import export_run

    return export_run(read_run(run), options)


def _export_foreign(given: dict[str, Any], options: ExportOptions) -> list[Path]:
    from export.bring_your_own import export_savedmodel
    from seqrec_tf.models import load_encoder

    return export_savedmodel(
        load_encoder(given["encoder"]),
        given["items"],
        given["item_vectors"],
        given["window"],
        padding=given["padding"] or "left",
        fixed=bool(given["fixed"]),
        **dataclasses.asdict(options),
    )
