"""From an encoder that was measured to a run that is complete."""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.evaluation.report import table
from seqrec_tf.json_files import write_json
from seqrec_tf.models import Encoder, save_encoder
from seqrec_tf.runs.changes import METRICS, Claim
from seqrec_tf.runs.directory import EVALUATED, ITEMS, MODEL, file_digest
from seqrec_tf.runs.model_card import write_model_card
from seqrec_tf.runs.search import read_search
from seqrec_tf.settings.config import RunConfig
from seqrec_tf.settings.config_files import with_asked
from seqrec_tf.training.callbacks import write_history


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        config: its configuration.
        encoder: of the training part, in float32.
        metrics: of `encoder`.
        refit: gives the same encoder of all interactions.
        history: a row an epoch; none for an encoder that was computed.
        best_epoch: the kept one, from 1.
    """

    config: RunConfig
    encoder: Encoder
    metrics: Metrics
    refit: Callable[[], Encoder]
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None


def finish(claim: Claim, asked: RunConfig, dataset: Dataset, trained: Trained) -> None:
    """Print the figures, refit if that is wanted, and write all files of the run.

    Args:
        claim: of an existing run directory.
        asked: what gives the same configuration again.
        dataset: what was learnt from.
        trained: what came of it.
    """
    config, metrics = trained.config, trained.metrics
    # All cut-offs are in the run's README; they are wider than most screens.
    print(table(metrics, config.encoder.encoder, cutoffs=(10,)), file=sys.stderr)
    again = trained.refit() if config.training.refit else None
    with claim.updated() as folder:
        save_encoder(again or trained.encoder, folder / MODEL)
        if again:
            save_encoder(trained.encoder, folder / EVALUATED)
            counted = len(dataset.everything.flat_values)
            refit = {"interactions": counted, "model_digest": file_digest(folder / MODEL)}
            metrics = dataclasses.replace(metrics, refit=refit)
        dataset.catalogue.write(folder / ITEMS)
        write_json(folder / "config.json", with_asked(config, asked))
        if trained.history:
            write_history(folder / "history.csv", trained.history)
        write_model_card(
            *(folder, config, metrics, trained.history, trained.best_epoch, claim.path),
            search=read_search(claim.path),
        )
        digest = file_digest(folder / (EVALUATED if again else MODEL))
        dataclasses.replace(metrics, model_digest=digest).write(folder / METRICS)
