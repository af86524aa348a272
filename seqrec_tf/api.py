"""What people in Python get: `seqrec_tf.configure`, `train`, `resume`, `evaluate`, `compare`.

    import seqrec_tf

    run = seqrec_tf.train(seqrec_tf.configure(interactions="log.csv", epochs=10))
    print(seqrec_tf.evaluate(run).test["ndcg@10"])

The commands are shells around the same functions. Progress goes to stderr.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.options import build_config, given_options
from seqrec_tf.runs.directory import Run, read_run, require_finished
from seqrec_tf.screen import loading_tensorflow
from seqrec_tf.settings.checks import check_config
from seqrec_tf.settings.config import PROTOCOLS, RESUMABLE, RunConfig
from seqrec_tf.training.writing import resume_run, write_run

if TYPE_CHECKING:  # takes TensorFlow
    from seqrec_tf.evaluation.comparing import Comparison

OF_TRAINING = ("model_digest", "blend", "closed_form", "refit")  # what no evaluation finds out

__all__ = ["compare", "configure", "evaluate", "read_run", "resume", "train"]


def configure(config_file: str | os.PathLike[str] | None = None, **settings: Any) -> RunConfig:
    """A configuration as the flags of `python -m seqrec_tf.train` make it, recipe included.

    Args:
        config_file: a `config.json` to start from.
        **settings: fields of `DataConfig`, `EncoderConfig` and `TrainingConfig`, such as
            `interactions="log.csv"`, `encoder="gru4rec"`, `epochs=10`; they win over the recipe.

    Raises:
        InputError: a setting that does not exist, or one that makes no sense.
    """
    plain = {k: os.fspath(v) if isinstance(v, os.PathLike) else v for k, v in settings.items()}
    given = given_options(plain)
    RunConfig.from_dict(given, "configure")  # refuses values of another type
    unknown = sorted(set(plain).difference(*given.values()))
    if unknown:
        raise InputError(
            f"configure: expected fields of DataConfig, EncoderConfig and TrainingConfig. "
            f"Received: {unknown[0]!r}."
        )
    return build_config(given, None if config_file is None else Path(config_file))


def train(
    config: RunConfig | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
) -> Run:
    """Train an encoder and write a run directory, which `runs/latest` then means.

    Ctrl-C ends training after the current step and keeps the best epoch.

    Args:
        config: every setting, as it stands: no recipe is applied to it (`configure` does that).
            None: the demo with its recipe.
        path: the run directory; None for `runs/<data>-<encoder>-<time>`.
        force: replace a run that is there.

    Returns:
        The finished run, read back.

    Raises:
        InputError: settings or data that do not make sense; nothing is written then.
    """
    if config is None:
        config = build_config({})
    config = RunConfig.from_dict(config.as_dict())  # refuses values of another type
    check_config(config)
    return read_run(write_run(config, None if path is None else Path(path), force=force))


def resume(path: str | os.PathLike[str], **settings: Any) -> Run:
    """Train on where the training of a run stopped.

    Args:
        path: the run directory.
        **settings: what to change: `epochs`, `patience`, `min_steps` or `refit`.

    Returns:
        The finished run, read back.

    Raises:
        InputError: no run that can be continued, a setting that a run keeps, or other data.
    """
    given = given_options(settings)
    RunConfig.from_dict(given, "resume")
    unknown = sorted(set(settings).difference(*given.values()))
    if unknown:
        raise InputError(f"resume: expected {', '.join(RESUMABLE)}. Received: {unknown[0]!r}.")
    return read_run(resume_run(Path(path), given))


def evaluate(
    run: Run | str | os.PathLike[str],
    protocol: str | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> Metrics:
    """Rank the validation and test queries of a run's data, read anew, among all items.

    Args:
        run: a finished run, or its directory.
        protocol: that of the training, which None stands for; or P4 for a run of P1. Any other
            holds out interactions that the run was trained on.
        data_dir: read the data from here instead of where the run's configuration says.

    Raises:
        InputError: not a finished run, a protocol that would leak, or data that has changed.
    """
    if not isinstance(run, Run):
        run = read_run(require_finished(Path(run)))
    trained_under = run.config.data.protocol
    protocol = protocol or trained_under
    _require_honest(run.path, trained_under, protocol)
    # Measuring takes TensorFlow, which only this function should pay for.
    loading_tensorflow()
    from seqrec_tf.evaluation.measuring import measure
    from seqrec_tf.runs.dataset import dataset_of_run

    dataset = dataset_of_run(run, None if data_dir is None else os.fspath(data_dir))
    name = run.config.encoder.encoder
    metrics = measure(run.measured, dataset, sampled=protocol == "P4", name=name)
    kept = {field: getattr(run.metrics, field) for field in OF_TRAINING}
    return replace(metrics, **kept)


def compare(
    first: Run | str | os.PathLike[str],
    second: Run | str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> "Comparison":
    """Rank the test queries that two runs share with both of their models.

    Args:
        first: a finished run, or its directory; A of the comparison.
        second: as above; B.
        data_dir: read the data from here instead of where the runs' configurations say.

    Raises:
        InputError: not finished runs, data that has changed, or other test queries.
    """
    runs = [
        each if isinstance(each, Run) else read_run(require_finished(Path(each)))
        for each in (first, second)
    ]
    loading_tensorflow()
    from seqrec_tf.evaluation import comparing
    from seqrec_tf.runs.dataset import dataset_of_run

    place = None if data_dir is None else os.fspath(data_dir)
    a, b = runs
    datasets = (dataset_of_run(a, place), dataset_of_run(b, place))
    return comparing.compare((a.measured, b.measured), datasets)


def _require_honest(path: Path, trained_under: str, protocol: str) -> None:
    if protocol not in (*PROTOCOLS, "P4"):
        raise InputError(
            f"--protocol: expected one of {', '.join((*PROTOCOLS, 'P4'))}. Received: {protocol!r}."
        )
    if protocol != trained_under and (trained_under, protocol) != ("P1", "P4"):
        raise InputError(
            f"--protocol: {path} was trained under {trained_under}, and would be tested on its "
            f"own training data; train with --protocol {'P1' if protocol == 'P4' else protocol}. "
            f"Received: {protocol}."
        )
