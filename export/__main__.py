"""Export a trained run for TensorFlow Serving and for phones.

python -m export --format savedmodel
python -m export --format all --run runs/ml1m --output models --name seqrec
"""

import argparse
import dataclasses
import importlib
import os
import sys
from pathlib import Path

from export.artifact.publish import require_model_name
from export.artifact.version import require_savedmodel
from export.graph.options import PRECISIONS, RETRIEVALS
from export.litert.modes import MODES, require_mode
from export.options import ExportOptions
from seqrec_tf.errors import InputError, run_command
from seqrec_tf.options import Parser
from seqrec_tf.runs.directory import LATEST, read_run, require_finished
from seqrec_tf.settings.config import flag
from seqrec_tf.settings.id_names import require_id_name

COMMANDS = {"verify": "export.verification", "inspect": "export.inspection"}
FORMATS = {
    "savedmodel": ("savedmodel",),
    "tflite": ("tflite",),
    # The SavedModel last: a server sees a version when everything that belongs to it is there.
    "all": ("tflite", "savedmodel"),
}
EPILOG = """examples:
  python -m export --format savedmodel
  python -m export --format all --run runs/ml1m --output models --name seqrec --k 20
  python -m export --exclude-items sold_out.txt --categories
  python -m export --retrieval ivf --recall 0.98 --precision int8
  python -m export --format tflite --quantize dynamic
  python -m export --encoder my.keras --items items.csv --item-vectors vectors.npy --window 50
  python -m export --refresh-items new_items.csv --version-of models/seqrec
  python -m export verify models/seqrec/1
  python -m export inspect models/seqrec/1

Writes OUTPUT/NAME/VERSION (SavedModel), OUTPUT/NAME-lite/VERSION (LiteRT file and JSON sidecar)
and OUTPUT/models.config, and prints the version folders on stdout. Before anything is published,
a fresh process answers golden requests with every signature and with the LiteRT file; if one
answer differs from the Keras model's, the difference is shown, nothing is published, and the
exit code is 1.
"""


def main() -> None:
    """Entry point of `python -m export` and `seqrec-export`."""
    if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
        module = importlib.import_module(COMMANDS[sys.argv[1]])
        module.main(sys.argv[2:])
        return
    parser = Parser(
        prog="python -m export",
        description="Export a run as one graph: encoder, retrieval, id mapping and titles.",
        epilog=EPILOG,
    )
    parser.add_argument("--format", choices=FORMATS, default="savedmodel", help="what to write")
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
    arguments = parser.parse_args()
    run_command(lambda: _export(arguments))


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
    group.add_argument("--encoder", type=Path, help="a Keras 3 model: FILE.keras")
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
        "other items in a published model, without training", "with the settings of that version"
    )
    group.add_argument(
        "--refresh-items",
        type=Path,
        help="table with id, and vector or neighbours to add it, or retire as action",
    )
    group.add_argument("--version-of", type=Path, help="the model's folder (or a version's)")


def _export(arguments: argparse.Namespace) -> None:
    require_model_name(arguments.name)
    if arguments.id_name is not None:
        require_id_name(arguments.id_name)
    require_mode(arguments.quantize, FORMATS[arguments.format])
    _require_one_source(arguments)
    run = arguments.run or LATEST
    if arguments.refresh_items:
        require_savedmodel(arguments.version_of)
    elif not arguments.encoder:
        require_finished(run)
    # There is no use for a GPU here, and a graph traced on one may hold kernels no CPU has.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from export.exporter import export_run
    from export.proof.process import ProofError

    given = vars(arguments) | {"formats": FORMATS[arguments.format]}
    names = [field.name for field in dataclasses.fields(ExportOptions)]
    options = ExportOptions(**{name: given[name] for name in names})
    try:
        if arguments.refresh_items:
            published = _refresh(arguments)
        elif arguments.encoder:
            published = _export_foreign(arguments, options)
        else:
            published = export_run(read_run(run), options)
    except ProofError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    for folder in published:
        print(folder)


def _refresh(arguments: argparse.Namespace) -> list[Path]:
    from export.refreshing import refresh

    return refresh(arguments.refresh_items, arguments.version_of)


def _require_one_source(arguments: argparse.Namespace) -> None:
    """A run, an encoder with what belongs to it, or a version; nothing is silently ignored."""
    if (arguments.refresh_items is None) != (arguments.version_of is None):
        raise InputError("--refresh-items and --version-of: expected both or neither.")
    needed = ("items", "item_vectors", "window")
    if arguments.encoder is None:
        if arguments.refresh_items and arguments.repeats:
            raise InputError(
                "--repeats: expected none with --refresh-items, which keeps what the version has."
            )
        for name in (*needed, "padding", "fixed"):
            if getattr(arguments, name) is not None:
                raise InputError(f"{flag(name)}: expected --encoder with it. Received: none.")
        return
    for name in ("run", "refresh_items"):
        if getattr(arguments, name) is not None:
            given = getattr(arguments, name)
            raise InputError(f"{flag(name)}: expected no --encoder beside it. Received: {given}.")
    for name in needed:
        if getattr(arguments, name) is None:
            raise InputError(f"--encoder: expected {flag(name)} with it.")
    if arguments.encoder.suffix != ".keras" or not arguments.encoder.is_file():
        raise InputError(
            "--encoder: expected a file that Keras wrote, NAME.keras. "
            f"Received: {arguments.encoder}."
        )


def _export_foreign(arguments: argparse.Namespace, options) -> list[Path]:
    from export.bring_your_own import export_savedmodel
    from seqrec_tf.models import load_encoder

    return export_savedmodel(
        load_encoder(arguments.encoder),
        arguments.items,
        arguments.item_vectors,
        arguments.window,
        padding=arguments.padding or "left",
        fixed=bool(arguments.fixed),
        **dataclasses.asdict(options),
    )


if __name__ == "__main__":
    main()
