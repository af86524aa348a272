"""The model card of a run: `README.md` with its figures, pictures, weak spots and settings."""

import shlex
from pathlib import Path

from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.evaluation.report import baseline_label, notes, recommended_rows, table, verdict
from seqrec_tf.evaluation.seen_targets import seen_note
from seqrec_tf.runs.search import search_section
from seqrec_tf.settings.config import RunConfig

CARD = """# {name} on {data}

{verdict}
{notes}
| | HR@10 | NDCG@10 | MRR@10 | coverage@10 |
|---|---|---|---|---|
{figures}

| | |
|---|---|
| protocol | {protocol}, {users:,} users |
| seen before | {seen} |
{training}
| reproduce | `python -m seqrec_tf.train --config {run}/config.json --run NEW` |
| export | `python -m export --format all --run {run}` |

{curve}## Where it is weak

{weak_spots}

![Breakdown](breakdown.png)

{history_length}

Length is the number of known items in a test query's history.

{popularity}

Popularity is that of the target: head are the most popular items, which together have the first
third of the training interactions; middle those that have the second third; tail are the rest.
{unknown}{cold}
{recommended}{search}## All cut-offs

```
{table}
```

## Settings

| section | setting | value |
|---|---|---|
{settings}
"""


COLD_START = """
## New since the training part

{table}

Known are users with something in the training part whose target is in the catalogue. Of {unasked:,}
more users nothing was known before their test target; served, they get what is popular.
"""

RECOMMENDED = """## What it recommends

{table}

"Items alike" counts every target item the same, however many users have it as theirs. Novelty is
the mean of -log2 of an item's share of the training interactions. Head, middle and tail are shares
of the recommendations, and diversity is 1 less the overlap of two items' categories. The last
column counts users.

"""

TRAINING = """| epochs | {epochs}, of at most {most_epochs} (patience {patience}) |
| kept | epoch {best_epoch}, the best in validation NDCG@10 |
| training wall-clock | {clock}, validation included; the machine is in `environment.json` |"""

CURVE = """## Learning curve

![Learning curve](learning_curve.png)

The curve is of the validation queries; the baselines and the kept model are of the test queries.

"""


def write_model_card(
    path: Path,
    config: RunConfig,
    metrics: Metrics,
    history: list[dict],
    best_epoch: int | None,
    run: Path | None = None,
    search: dict | None = None,
) -> None:
    """Write `README.md`, `breakdown.png` and, of epochs, `learning_curve.png` into `path`.

    Args:
        path: the run directory, or the folder that becomes it.
        config: its configuration.
        metrics: of the kept model.
        history: a row an epoch, with "loss", "val_ndcg@10" and "seconds" since training began;
            empty for an encoder that was computed.
        best_epoch: the kept epoch, from 1.
        run: what the card calls the run directory; None for `path`.
        search: the content of `search.json`, if there is one.
    """
    # Drawing takes a second to import, which only this command should pay for.
    from seqrec_tf.runs.pictures import draw_breakdown, draw_learning_curve

    name = config.encoder.encoder
    if best_epoch:
        draw_learning_curve(path / "learning_curve.png", metrics, history, best_epoch)
    draw_breakdown(path / "breakdown.png", metrics, name)
    card = _card(config, metrics, history, best_epoch, run or path, search)
    (path / "README.md").write_text(card, encoding="utf-8")


def _card(
    config: RunConfig,
    metrics: Metrics,
    history: list[dict],
    best_epoch: int | None,
    run: Path,
    search: dict | None,
) -> str:
    name = config.encoder.encoder
    return CARD.format(
        name=name,
        data=config.data.name,
        run=shlex.quote(str(run)),
        verdict=verdict(metrics, name),
        notes="".join(map(_paragraph, notes(metrics, name))),
        figures=_figures(metrics, name),
        protocol=metrics.protocol,
        users=metrics.users,
        seen=seen_note(metrics.as_dict()) or "not counted",
        training=_training(config, history, best_epoch),
        curve=CURVE if best_epoch else "",
        weak_spots=_weak_spots(metrics, name),
        history_length=_bucket_table(metrics, "history_length", name),
        popularity=_bucket_table(metrics, "popularity", name),
        unknown=_unknown_targets(metrics),
        cold=_cold_start(metrics, name),
        recommended=_recommended(metrics, name),
        search=search_section(search),
        table=table(metrics, name),
        settings=_settings(config),
    )


def _training(config: RunConfig, history: list[dict], best_epoch: int | None) -> str:
    if not best_epoch:
        return "| training | computed at once; validation chose the settings |"
    return TRAINING.format(
        epochs=len(history),
        most_epochs=config.training.epochs,
        patience=config.training.patience,
        best_epoch=best_epoch,
        clock=_clock(history[-1]["seconds"]),
    )


def _figures(metrics: Metrics, name: str) -> str:
    rows = {
        f"**{name}, test**": metrics.test,
        f"{name}, validation": metrics.validation,
        **{f"{baseline_label(metrics, b)}, test": row for b, row in metrics.baselines.items()},
    }
    columns = ("hit_rate@10", "ndcg@10", "mrr@10", "coverage@10")
    return "\n".join(
        f"| {label} | {' | '.join(f'{row[column]:.4f}' for column in columns)} |"
        for label, row in rows.items()
    )


def _bucket_table(metrics: Metrics, part: str, name: str) -> str:
    """A breakdown as a table; the best NDCG@10 of a bucket is bold."""
    scorers = {"model": name, **{rival: rival for rival in metrics.baselines}}
    heads = [part.replace("_", " "), "queries", f"HR@10 {name}"]
    heads += [f"NDCG@10 {label}" for label in scorers.values()]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in metrics.breakdown[part]:
        cells = [row["bucket"], f"{row['queries']:,}", f"{row['model']['hit_rate@10']:.4f}"]
        cells += _best_bold([row[scorer]["ndcg@10"] for scorer in scorers])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _recommended(metrics: Metrics, name: str) -> str:
    heads, rows = recommended_rows(metrics, name)
    if not rows:
        return ""
    lines = [
        f"| test, 10 items a user | {' | '.join(heads)} |",
        "|---" * (1 + len(heads)) + "|",
        *(f"| {scorer} | {' | '.join(cells)} |" for scorer, cells in rows.items()),
    ]
    return RECOMMENDED.format(table="\n".join(lines))


def _best_bold(values: list[float]) -> list[str]:
    best = max(values)
    return [f"**{value:.4f}**" if value == best > 0 else f"{value:.4f}" for value in values]


def _weak_spots(metrics: Metrics, name: str) -> str:
    """The hardest bucket of each breakdown, and those where a baseline is as good as the model."""
    hardest, unbeaten = [], []
    for part, rows in metrics.breakdown.items():
        label = part.replace("_", " ")
        if not rows or part == "cold_start":  # no target is in the catalogue, or it has a table
            continue
        worst = min(rows, key=lambda row: row["model"]["ndcg@10"])
        value, queries = worst["model"]["ndcg@10"], worst["queries"]
        hardest.append(f"{label} {worst['bucket']} ({value:.4f}, {queries:,} queries)")
        for rival in metrics.baselines:
            lost = [r["bucket"] for r in rows if r[rival]["ndcg@10"] >= r["model"]["ndcg@10"]]
            unbeaten += [f"\n- {rival}, {label}: {', '.join(lost)}"] if lost else []
    lowest = f"Lowest NDCG@10: {', '.join(hardest)}."
    if not unbeaten:
        return f"{lowest} {name} beats every baseline in every bucket."
    return f"{lowest} A baseline is at least as good in\n{''.join(unbeaten)}"


def _unknown_targets(metrics: Metrics) -> str:
    unknown = metrics.users - sum(row["queries"] for row in metrics.breakdown["popularity"])
    if not unknown:
        return ""
    return f"{unknown:,} targets are outside the catalogue: misses, and in no popularity bucket.\n"


def _cold_start(metrics: Metrics, name: str) -> str:
    if "cold_start" not in metrics.breakdown:
        return ""
    return COLD_START.format(
        table=_bucket_table(metrics, "cold_start", name), unasked=metrics.unasked or 0
    )


def _paragraph(text: str) -> str:
    return f"\n{text}\n" if text else ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _settings(config: RunConfig) -> str:
    return "\n".join(
        f"| {section} | {key} | {value} |"
        for section, values in config.as_dict().items()
        for key, value in values.items()
        if value is not None
    )
