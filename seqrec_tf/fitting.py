"""Fit an encoder on a dataset and write everything a run directory holds."""

import sys
from pathlib import Path

import keras

from seqrec_tf.callbacks import (
    AveragedWeights,
    Checkpoint,
    Interruption,
    StopOnNaN,
    Validation,
    write_history,
)
from seqrec_tf.config import RunConfig, weight_settings
from seqrec_tf.data.dataset import Dataset
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation import evaluate, table
from seqrec_tf.json_files import write_json
from seqrec_tf.model_card import write_model_card
from seqrec_tf.pipeline import TrainingData, training_data
from seqrec_tf.training import build_model, in_float32


def fit_and_write(path: Path, config: RunConfig, dataset: Dataset, resume: bool) -> None:
    """Train until the epochs or the patience are spent, or SIGINT; then evaluate and write.

    Args:
        path: an existing run directory.
        config: its configuration.
        dataset: the data, of the same configuration.
        resume: continue from `path/checkpoint`.
    """
    keras.utils.set_random_seed(config.training.seed)
    checkpoint = Checkpoint(
        path / "checkpoint", config.training.patience, resume, weight_settings(config)
    )
    data = training_data(
        dataset.split.training,
        dataset.catalogue.size,
        config.encoder,
        config.training,
        first_epoch=len(checkpoint.history),
    )
    model = build_model(config, dataset.catalogue, data.steps_per_epoch)
    checkpoint.set_model(model)
    if resume:
        checkpoint.restore(model)
    failure = _fit(model, data, checkpoint, config, dataset, path / "logs")
    if not checkpoint.history:
        raise InputError(f"{failure} No epoch was complete, so there is no model.")
    checkpoint.load_best()
    _report_progress(checkpoint)
    encoder = in_float32(model.encoder, config.encoder)
    metrics = evaluate(encoder, dataset)
    print(table(metrics, config.encoder.encoder), file=sys.stderr)
    encoder.save(path / "model.keras")
    dataset.catalogue.write(path / "items.csv")
    write_json(path / "config.json", config.as_dict())
    write_history(path / "history.csv", checkpoint.history)
    write_model_card(path, config, metrics, checkpoint.history, checkpoint.best_epoch)
    write_json(path / "metrics.json", metrics)
    if failure:
        raise InputError(f"{failure} {path} holds epoch {checkpoint.best_epoch}, the best before.")


def _fit(model, data: TrainingData, checkpoint: Checkpoint, config, dataset, logs) -> str:
    """Train on; what went wrong, or an empty string."""
    done = len(checkpoint.history)
    if done >= config.training.epochs or checkpoint.out_of_patience:
        return ""
    print(
        f"{dataset.catalogue.size} items, {dataset.split.training.nrows()} histories, "
        f"{data.targets_per_epoch} targets an epoch, protocol {dataset.protocol}",
        file=sys.stderr,
    )
    warn_of_seen_targets(dataset)
    elapsed = checkpoint.history[-1]["seconds"] if done else 0.0
    queries = dataset.split.validation.sample(
        config.training.validation_users, config.training.seed
    )
    nan = StopOnNaN(checkpoint, data.steps_per_epoch)
    averaged = [AveragedWeights(checkpoint.resumed)] if config.training.average else []
    model.fit(
        data.batches,
        steps_per_epoch=data.steps_per_epoch,
        initial_epoch=done,
        epochs=config.training.epochs,
        shuffle=False,  # the pipeline has shuffled
        verbose=1 if sys.stderr.isatty() else 2,  # a bar, or one line an epoch in a log
        callbacks=[
            nan,
            *averaged,
            Validation(model.encoder, queries, elapsed),
            checkpoint,
            keras.callbacks.TensorBoard(logs, write_graph=False),
            Interruption(checkpoint),
        ],
    )
    return f"The loss was no number at step {nan.step}; training stopped." if nan.step else ""


def warn_of_seen_targets(dataset: Dataset) -> None:
    """Say on stderr how many targets no epoch can hit, because their user had seen them."""
    parts = {"validation": dataset.split.validation, "test": dataset.split.test}
    seen = {name: int(queries.seen().sum()) for name, queries in parts.items()}
    if dataset.config.repeats or not any(seen.values()):
        return
    counted = " and ".join(f"{seen[name]:,} of {len(parts[name]):,} {name}" for name in parts)
    blind = seen["validation"] == len(dataset.split.validation)
    print(
        f"warning: {counted} targets had been seen before, and count as misses"
        f"{', so that no epoch is better than another' if blind else ''}; "
        "--repeats lets seen items come up again",
        file=sys.stderr,
    )


def _report_progress(checkpoint: Checkpoint) -> None:
    why = "interrupted" if checkpoint.interrupted else "finished"
    print(
        f"{why} after epoch {len(checkpoint.history)}; kept epoch {checkpoint.best_epoch}, "
        f"the best in validation NDCG@10",
        file=sys.stderr,
    )
