"""Serve any SavedModel under TensorFlow Serving's REST protocol, without TensorFlow Serving.

    python -m serving --model_name seqrec --model_base_path models/seqrec

The flags are TensorFlow Serving's own; `--rest_api_address` is ours.
"""

import logging
import os
import signal
import sys
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from urllib.parse import quote

from serving.command import CommandParser, run_command
from serving.listener import base_url, open_listener
from serving.model_config import ModelConfig, read_model_configs
from serving.versions import VersionDirectory, find_versions

EPILOG = """\
examples:
  serve the newest version of models/seqrec on port 8501:
    python -m serving --model_base_path models/seqrec
    curl -d '{"instances": [[1193, 661, 914]]}' http://localhost:8501/v1/models/seqrec:predict

  several models, on a port that is picked and printed:
    python -m serving --rest_api_port 0 --model_config_file models.config

  models.config:
    model_config_list {
      config { name: "seqrec" base_path: "/models/seqrec" model_platform: "tensorflow" }
      config { name: "other" base_path: "/models/other" model_platform: "tensorflow" }
    }

The URL is printed on stdout when all models are loaded; logs go to stderr.
SIGINT and SIGTERM finish the requests under way and stop the server.
"""

logger = logging.getLogger("serving")


def main() -> None:
    """Read the flags and serve until told to stop."""
    options = _read_options()
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
    logger.setLevel(logging.INFO)
    # Its warnings come with every request to some models, and are not for the operator.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    run_command(lambda: _serve(options))


def _read_options() -> Namespace:
    parser = CommandParser(
        prog="python -m serving",
        description="Serve SavedModels under TensorFlow Serving's REST protocol.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--rest_api_port", type=_port, default=8501, help="port; 0 picks one (default 8501)"
    )
    parser.add_argument(
        "--rest_api_address",
        default="127.0.0.1",
        help="address to listen on; not one of TensorFlow Serving's flags. The default is only "
        "reachable from this machine, 0.0.0.0 from everywhere: there is no authentication",
    )
    parser.add_argument(
        "--rest_api_num_threads",
        type=_positive,
        default=4 * (os.cpu_count() or 1),
        help="requests that run at the same time (default 4 a CPU: %(default)s)",
    )
    parser.add_argument("--model_name", default="seqrec", help="name in URLs (default seqrec)")
    parser.add_argument(
        "--model_base_path",
        type=Path,
        help="directory of the model's version directories (default ./models/MODEL_NAME)",
    )
    parser.add_argument(
        "--model_config_file",
        type=Path,
        help="text file with several models, instead of --model_name and --model_base_path",
    )
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"expected a port from 0 to 65535. Received: {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a number from 1. Received: {text!r}")
    return int(text)


def _serve(options: Namespace) -> None:
    # Mistakes in flags and files are reported before TensorFlow is imported, which is slow.
    directories = _newest_versions(options)
    listener = open_listener(options.rest_api_address, options.rest_api_port)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from serving.golden import check_golden
    from serving.models import LoadedModel
    from serving.registry import Registry
    from serving.server import serve

    models = [LoadedModel(directory) for directory in directories]
    for model, directory in zip(models, directories, strict=True):
        check_golden(model, directory)
    registry = Registry(models)
    listener.listen()
    url = base_url(listener)
    for directory in directories:
        place = f"{url}/v1/models/{quote(directory.model, safe='')}"
        logger.info("serving model %s version %d at %s", directory.model, directory.version, place)
    logger.info("listening on %s only (--rest_api_address)", options.rest_api_address)
    print(url, flush=True)
    serve(registry, listener, options.rest_api_num_threads)


def _newest_versions(options: Namespace) -> list[VersionDirectory]:
    configs = _configs(options)
    return [find_versions(config.name, config.base_path)[0] for config in configs]


def _configs(options: Namespace) -> list[ModelConfig]:
    if options.model_config_file is None:
        base_path = options.model_base_path or Path("models") / options.model_name
        return [ModelConfig(options.model_name, base_path.absolute())]
    if options.model_base_path is not None:
        logger.info("--model_config_file is given: --model_name and --model_base_path are ignored")
    return read_model_configs(options.model_config_file)


if __name__ == "__main__":
    main()
