"""Successive halving over a few candidates: which settings the training goes on with.

Every candidate is trained by its own whole schedule, and is looked at after a third and after two
thirds of it: the better half goes on. Sooner it would be chance: dropout 0.5 is behind 0.2 for a
quarter of the epochs, and ahead at the end (tests/benchmarks/README.md, "Settings that follow from
the data"). So nothing of the winner's training is lost, it is the run's; what the others took is
the cost of the search.

Each candidate is a checkpoint, so that a search that was stopped goes on where it was. Only
validation queries are looked at.
"""

import math
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqrec_tf.data.dataset import Dataset
from seqrec_tf.runs.changes import CHECKPOINT, STATE, TRIALS, Claim
from seqrec_tf.runs.search import SEARCH, described, write_search
from seqrec_tf.settings.candidates import alternatives
from seqrec_tf.settings.config import RunConfig, Sections, override
from seqrec_tf.training.callbacks import MONITOR, take_over
from seqrec_tf.training.duration import Duration
from seqrec_tf.training.epochs import prepare

LOOKS = (1 / 3, 2 / 3)  # of the epochs, after which the better half goes on
LEAST_EPOCHS = 3
LOGS = "logs"


@dataclass
class Trial:
    """One candidate.

    Attributes:
        settings: what differs from the settings that the rules give.
        config: all settings.
        folder: its state.
        history: a row an epoch.
        interrupted: whether SIGINT stopped it.
    """

    settings: Sections
    config: RunConfig
    folder: Path
    history: list[dict[str, float]]
    interrupted: bool = False

    def ndcg(self, last: int) -> float:
        """The best validation NDCG@10 up to an epoch; below any where there is none."""
        return max((row[MONITOR] for row in self.history[:last]), default=-1.0)

    def seconds(self, last: int) -> float:
        """Wall-clock up to an epoch."""
        return self.history[:last][-1]["seconds"] if self.history else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As `search.json` has it."""
        epochs = len(self.history)
        return {
            "settings": self.settings,
            "epochs": epochs,
            "validation_ndcg@10": round(self.ndcg(epochs), 6),
            "seconds": self.seconds(epochs),
        }


class _Search:
    """The candidates of one run, and how far they are."""

    def __init__(self, claim: Claim, config: RunConfig, duration: Duration, dataset: Dataset):
        self.folder = claim.path / CHECKPOINT / TRIALS
        self.config, self.duration, self.dataset = config, duration, dataset

    def trial(self, number: int, settings: Sections) -> Trial:
        return Trial(settings, override(self.config, settings), self.folder / str(number), [])

    def train(self, trial: Trial, last: int) -> None:
        """Up to the epoch `last`; what is done already is not done again."""
        print(f"search: {_named(trial)}, up to epoch {last}", file=sys.stderr)
        training = prepare(trial.folder, trial.config, self.duration, self.dataset)
        failure = training.until(last, trial.folder / LOGS)
        if failure:
            print(f"search: {failure}", file=sys.stderr)
        trial.history = training.checkpoint.history
        trial.interrupted = training.checkpoint.interrupted


def searched(
    claim: Claim, config: RunConfig, duration: Duration, dataset: Dataset
) -> tuple[RunConfig, bool]:
    """The settings to train on with, whose state is then the run's, and whether SIGINT came.

    Args:
        claim: of the run; one that has a state has chosen already.
        config: the settings that the rules give, `candidates` and `search_minutes` among them.
        duration: how long to train.
        dataset: the data.
    """
    others = alternatives(config)
    epochs, minutes = config.training.epochs, config.training.search_minutes
    if (claim.path / CHECKPOINT / STATE).is_file():
        shutil.rmtree(claim.path / CHECKPOINT / TRIALS, ignore_errors=True)  # killed in `_keep`
        return config, False
    if not minutes:
        return config, False
    if not others or epochs < LEAST_EPOCHS:
        print(
            f"search: expected --candidates that nobody named, and at least {LEAST_EPOCHS} epochs. "
            f"Received: {len(others)} candidates and {epochs} epochs; nothing is searched",
            file=sys.stderr,
        )
        return config, False
    search = _Search(claim, config, duration, dataset)
    looks = [math.ceil(share * epochs) for share in LOOKS]
    tried = [search.trial(0, {})]
    search.train(tried[0], looks[0])
    took = tried[0].seconds(looks[0])
    count = affordable(took, 60 * minutes, len(others))
    if not count:
        print(
            f"search: no other candidate fits into --search-minutes {minutes:g}; one takes about "
            f"{took / 60:.1f}",
            file=sys.stderr,
        )
    for number, settings in enumerate(others[:count], start=1):
        if tried[-1].interrupted:
            break
        tried.append(search.trial(number, settings))
        search.train(tried[-1], looks[0])
    left = better_half(tried, looks[0])
    while len(left) > 1 and not any(trial.interrupted for trial in tried):
        for trial in left:
            search.train(trial, looks[1])
        left = better_half(left, looks[1])
    _keep(claim, left[0], tried, others[len(tried) - 1 :], minutes)
    return left[0].config, any(trial.interrupted for trial in tried)


def affordable(seconds: float, budget: float, most: int) -> int:
    """How many candidates beside the first fit.

    Args:
        seconds: that one takes to the first look.
        budget: seconds that all others may take.
        most: how many there are.
    """
    # Beside the first, all go to the first look, and half of all to the second.
    costs = [seconds * (count + max((count + 1) // 2 - 1, 0)) for count in range(most + 1)]
    return max(count for count, cost in enumerate(costs) if cost <= budget)


def better_half(trials: list[Trial], look: int) -> list[Trial]:
    """Half of them, at least one, the best first; the earlier of equals."""
    ranked = sorted(trials, key=lambda trial: -trial.ndcg(look))
    return ranked[: max(len(trials) // 2, 1)]


def _keep(
    claim: Claim, best: Trial, tried: list[Trial], left_out: list[Sections], minutes: float
) -> None:
    """Write down what was considered, and let the best one's state be the run's."""
    rows = [trial.as_dict() | {"taken": trial is best} for trial in tried]
    if len(tried) > 1:
        others = sum(row["seconds"] for row in rows if not row["taken"])
        print(
            f"search: best in validation: {_named(best)}; the others took {others:.0f} s",
            file=sys.stderr,
        )
    with claim.updated() as folder:
        write_search(folder / SEARCH, minutes, rows, left_out)
    place = claim.path / CHECKPOINT
    if best.history:
        take_over(best.folder, place)
        shutil.rmtree(claim.path / LOGS, ignore_errors=True)
        os.replace(best.folder / LOGS, claim.path / LOGS)
    shutil.rmtree(place / TRIALS)


def _named(trial: Trial) -> str:
    return described(trial.settings) or "the settings of the rules"
