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

from export.lite_modes import MODES, require_mode
from export.publish import require_model_name
from seqrec_tf.errors import InputError, run_command
from seqrec_tf.options import Parser
from seqrec_tf.run_directory import LATEST, read_run, require_finished

COMMANDS = {"verify": "export.verify", "inspect": "export.inspection"}
FORMATS = {
    "savedmodel": ("savedmodel",),
    "tflite": ("tflite",),
    # The SavedModel last: a server sees a version when everything that belongs to it is there.
    "all": ("tflite", "savedmodel"),
}
EPILOG = """examples:
  python -m export --format savedmodel
  python -m export --format all --run runs/ml1m --output models --name seqrec --k 20
  python -m export --exclude-items sold_out.txt
  python -m export --format tflite --quantize dynamic
  python -m export --encoder my.keras --items items.csv --item-vectors vectors.npy --window 50
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
    parser.add_argument(
        "--run", type=Path, default=LATEST, help="run directory (default: runs/latest)"
    )
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
        "--quantize", choices=MODES, default="none", help="numbers of the LiteRT file"
    )
    _add_foreign_options(parser)
    arguments = parser.parse_args()
    run_command(lambda: _export(arguments))


def _add_foreign_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "an encoder of your own, instead of --run", "as export.export_savedmodel in Python"
    )
    group.add_argument("--encoder", type=Path, help="a Keras 3 model: FILE.keras")
    group.add_argument("--items", type=Path, help="CSV with id, and title and count if you like")
    group.add_argument("--item-vectors", type=Path, help="FILE.npy, (items, dim), in that order")
    group.add_argument("--window", type=int, help="most recent items that the encoder is given")
    group.add_argument("--padding", choices=("left", "right"), default="left", help="default: left")


def _export(arguments: argparse.Namespace) -> None:
    require_model_name(arguments.name)
    require_mode(arguments.quantize, FORMATS[arguments.format])
    if arguments.encoder:
        _require_foreign(arguments)
    else:
        require_finished(arguments.run)
    # There is no use for a GPU here, and a graph traced on one may hold kernels no CPU has.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from export.exporter import ExportOptions, ProofError, export_run

    options = ExportOptions(
        formats=FORMATS[arguments.format],
        output=arguments.output,
        name=arguments.name,
        k=arguments.k,
        id_name=arguments.id_name,
        only_items=arguments.only_items,
        exclude_items=arguments.exclude_items,
        quantize=arguments.quantize,
    )
    try:
        if arguments.encoder:
            published = _export_foreign(arguments, options)
        else:
            published = export_run(read_run(arguments.run), options)
    except ProofError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    for folder in published:
        print(folder)


def _require_foreign(arguments: argparse.Namespace) -> None:
    for name in ("items", "item_vectors", "window"):
        if getattr(arguments, name) is None:
            raise InputError(f"--encoder: expected --{name.replace('_', '-')} with it.")
    if arguments.window < 1:
        raise InputError(f"--window: expected at least 1. Received: {arguments.window}.")
    if arguments.encoder.suffix != ".keras" or not arguments.encoder.is_file():
        raise InputError(
            "--encoder: expected a file that Keras wrote, NAME.keras. "
            f"Received: {arguments.encoder}."
        )


def _export_foreign(arguments: argparse.Namespace, options) -> list[Path]:
    import keras
    import numpy as np

    from export.bring_your_own import export_savedmodel

    model = keras.saving.load_model(arguments.encoder, compile=False)
    try:
        vectors = np.load(arguments.item_vectors, allow_pickle=False)
    except ValueError as error:
        raise InputError(
            f"--item-vectors: {arguments.item_vectors}: expected an array that NumPy saved. "
            f"Received: {error}"
        ) from None
    window, padding = arguments.window, arguments.padding
    chosen = dataclasses.asdict(options)
    return export_savedmodel(model, arguments.items, vectors, window, padding=padding, **chosen)


if __name__ == "__main__":
    main()
