"""The server's flags: TensorFlow Serving's own, and a few that it does not have."""

from dataclasses import dataclass
from pathlib import Path

from serving.batching.flags import add_batching_flags
from serving.command import BOOLEAN, CommandParser, natural, port, positive
from serving.server.grpc_server import add_grpc_flags
from serving.server.options import ServerOptions

EPILOG = """\
examples:
  serve the newest version of models/seqrec on port 8501:
    python -m serving --model_base_path models/seqrec
    curl -d '{"instances": [[1193, 661, 914]]}' http://localhost:8501/v1/models/seqrec:predict

  several models and versions, read again every 10 seconds, on a port that is picked and printed:
    python -m serving --rest_api_port 0 --model_config_file models.config \\
        --model_config_file_poll_wait_seconds 10

  models.config:
    model_config_list {
      config {
        name: "seqrec" base_path: "/models/seqrec" model_platform: "tensorflow"
        model_version_policy { specific { versions: 1 versions: 2 } }
      }
    }

  gRPC as well, and requests that come at the same time as one:
    python -m serving --model_base_path models/seqrec --port 8500 \\
        --enable_batching --enable_per_model_batching_parameters

  limits for strangers' requests, metrics for Prometheus, an access log:
    python -m serving --max_body_bytes 1000000 --max_rows 256 --max_waiting_requests 64 \\
        --monitoring_config_file monitoring.config --access_log access.jsonl

The URL is printed on stdout when all models are loaded; logs go to stderr. A browser shows a page
to try the models on there.
SIGINT and SIGTERM finish the requests under way, for --drain_seconds at most, and stop the server;
a second one stops it at once, as does the first before it is up.
"""


@dataclass(frozen=True, kw_only=True)
class Flags(ServerOptions):
    """All flags: beside how the server behaves also what is served, and where.

    Attributes:
        rest_api_address: the address to listen on, also for gRPC.
        rest_api_port: the port for REST; 0 picks one.
        port: the port for gRPC; 0 is off.
        model_name: the model's name in URLs.
        model_base_path: its folder of version directories; None for `models/MODEL_NAME`.
        model_config_file: several models, instead of these two.
        enable_batching: whether requests that come at the same time run as one.
        batching_parameters_file: how.
        enable_per_model_batching_parameters: whether a file in a version directory says how.
        monitoring_config_file: what turns on metrics.
        access_log: file for a JSON line a request, "-" for stderr.
        verbose: whether what TensorFlow says about itself is shown.
    """

    rest_api_address: str
    rest_api_port: int
    port: int
    model_name: str
    model_base_path: str | None
    model_config_file: Path | None
    enable_batching: bool
    batching_parameters_file: Path | None
    enable_per_model_batching_parameters: bool
    monitoring_config_file: Path | None
    access_log: str | None
    verbose: bool


def read_flags() -> Flags:
    """The flags of this process; complaints end it with exit code 2."""
    parser = CommandParser(
        prog="python -m serving",
        description="Serve SavedModels under TensorFlow Serving's protocol.",
        epilog=EPILOG,
    )
    for add in (_add_rest, add_grpc_flags, _add_models, _add_loading, add_batching_flags, _add_own):
        add(parser)
    return Flags(**vars(parser.parse_args()))


def _add_rest(parser: CommandParser) -> None:
    group = parser.add_argument_group("REST, as TensorFlow Serving")
    group.add_argument(
        "--rest_api_port", type=port, default=8501, help="port; 0 picks one (default 8501)"
    )
    group.add_argument(
        "--rest_api_num_threads",
        type=positive,
        default=ServerOptions.rest_api_num_threads,
        help="requests that run at the same time (default 4 a CPU: %(default)s)",
    )
    group.add_argument(
        "--rest_api_timeout_in_ms",
        type=natural,
        default=ServerOptions.rest_api_timeout_in_ms,
        help="how long a request may take; 0 is no limit (default %(default)s)",
    )
    group.add_argument(
        "--rest_api_enable_cors_support",
        **BOOLEAN,
        default=ServerOptions.rest_api_enable_cors_support,
        help="let pages of other origins ask",
    )
    group.add_argument(
        "--monitoring_config_file",
        type=Path,
        help="text file that turns on metrics: prometheus_config { enable: true path: '/metrics' }",
    )


def _add_models(parser: CommandParser) -> None:
    group = parser.add_argument_group("models, as TensorFlow Serving")
    group.add_argument("--model_name", default="seqrec", help="name in URLs (default seqrec)")
    group.add_argument(
        "--model_base_path",
        help="directory of the model's version directories (default ./models/MODEL_NAME)",
    )
    group.add_argument(
        "--model_config_file",
        type=Path,
        help="text file with several models, instead of --model_name and --model_base_path",
    )
    group.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=natural,
        default=ServerOptions.model_config_file_poll_wait_seconds,
        help="how often the file is read again; 0 is never (default)",
    )
    group.add_argument(
        "--file_system_poll_wait_seconds",
        type=natural,
        default=ServerOptions.file_system_poll_wait_seconds,
        help="how often new versions are looked for; 0 is never (default 1)",
    )
    group.add_argument(
        "--allow_version_labels_for_unavailable_models",
        **BOOLEAN,
        default=ServerOptions.allow_version_labels_for_unavailable_models,
        help="let new labels name versions that are not loaded yet",
    )


def _add_loading(parser: CommandParser) -> None:
    group = parser.add_argument_group("loading, as TensorFlow Serving")
    group.add_argument(
        "--enable_model_warmup",
        **BOOLEAN,
        default=ServerOptions.enable_model_warmup,
        help="run the models' warm-up requests",
    )
    group.add_argument(
        "--num_request_iterations_for_warmup",
        type=positive,
        default=ServerOptions.num_request_iterations_for_warmup,
        help="how often each of them is run (default 1)",
    )
    group.add_argument(
        "--max_num_load_retries",
        type=natural,
        default=ServerOptions.max_num_load_retries,
        help="further attempts at a version that fails to load (default 0; TensorFlow Serving's "
        "is 5)",
    )
    group.add_argument(
        "--load_retry_interval_micros",
        type=natural,
        default=ServerOptions.load_retry_interval_micros,
        help="time between them (default a second; TensorFlow Serving's is a minute)",
    )


def _add_own(parser: CommandParser) -> None:
    group = parser.add_argument_group("not of TensorFlow Serving")
    group.add_argument(
        "--rest_api_address",
        default="127.0.0.1",
        help="address to listen on. The default is only reachable from this machine, 0.0.0.0 from "
        "everywhere: there is no authentication",
    )
    group.add_argument(
        "--max_body_bytes",
        type=natural,
        default=ServerOptions.max_body_bytes,
        help="largest request body, sent or inflated (413; default 32 MiB, 0 is no limit)",
    )
    group.add_argument(
        "--max_rows",
        type=natural,
        default=ServerOptions.max_rows,
        help="most rows a request (413; default %(default)s, 0 is no limit)",
    )
    group.add_argument(
        "--max_history_length",
        type=natural,
        default=ServerOptions.max_history_length,
        help="most items a history (413; default no limit)",
    )
    group.add_argument(
        "--max_waiting_requests",
        type=natural,
        default=ServerOptions.max_waiting_requests,
        help="most requests that wait for a thread (503; default no limit)",
    )
    group.add_argument(
        "--drain_seconds",
        type=natural,
        default=ServerOptions.drain_seconds,
        help="time that requests under way have after SIGTERM; a second one ends it (default 30)",
    )
    group.add_argument(
        "--idle_connection_seconds",
        type=positive,
        default=ServerOptions.idle_connection_seconds,
        help="time after which a connection is closed that sends or takes nothing, or next to "
        "nothing (default 50, as TensorFlow Serving)",
    )
    group.add_argument(
        "--access_log", help="file for a JSON line a request, - for stderr (default none)"
    )
    group.add_argument(
        "--verbose",
        action="store_true",
        help="show what TensorFlow says about itself; otherwise it is in a log file",
    )
    group.add_argument(
        "--no-demo-page",
        dest="demo_page",
        action="store_false",
        help="answer 404 at / instead of a page to try the models on",
    )
