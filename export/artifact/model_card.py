"""The model card of an artifact: `README.md` in the form that the Hugging Face Hub reads."""

from pathlib import Path

import yaml

from export.artifact.changes import change_text
from export.artifact.documents import Report, Retrieval
from export.artifact.version import LITE, SAVEDMODEL
from seqrec_tf.evaluation.refit_note import refit_note
from seqrec_tf.evaluation.seen_targets import seen_note
from seqrec_tf.evaluation.times_note import times_note

CARD = """---
{header}---

# {name}

A {encoder} encoder with retrieval, id mapping and titles in one graph: {form}. It takes histories
of raw ids and gives the {k} items to recommend next, of {items:,}.

{asking}

## Intended use

Recommending the next items to people whose recent ones are known, and re-ranking or finding similar
items. Not for decisions about people: a history says what somebody chose, not who they are.

## Data and protocol

{data}

## Figures

{figures}

## Limits

- The encoder reads the most recent {window} known items; what it has not seen in training it skips.
- What somebody has seen {seen}.
- Somebody without a known item gets the most popular items, the same for everybody.
- {withheld:,} items of the catalogue are withheld. Popular items are favoured, as in the data.
- Items are found by {retrieval}.
- Scores order the items of one answer; they are no probabilities, and not to be compared across
  people or versions.

Exported {date}; the proof ({requests} requests) and all settings are in `export_report.json`, what
the artifact must answer in `golden_requests.json`.
"""
SERVED = """```bash
docker run -p 8501:8501 -v "$PWD/{name}:/models/{name}" -e MODEL_NAME={name} tensorflow/serving
curl http://localhost:8501/v1/models/{name}:predict -d '{{"instances": [[...]]}}'
```"""
ON_DEVICE = """`model.tflite` takes one history, `{id_name}` int32 [length], in built-in ops only;
`model.json` holds the titles."""
TIMED = {
    SAVEDMODEL: "The signature `timed` also takes `timestamps` of the items and `now`.",
    LITE: "It also takes `timestamps` int64 [length] of the items and `now` int64 [1].",
}


def write_model_card(path: Path, kind: str, name: str, report: Report) -> None:
    """Write the card.

    Args:
        path: the file.
        kind: `savedmodel` or `lite`.
        name: the model's name.
        report: what was exported and proven.
    """
    asking = ON_DEVICE if kind == LITE else SERVED
    if report.reads_times:
        asking += f"\n\n{TIMED[kind]} 0 is an unknown time, in the unit of the log."
    card = CARD.format(
        header=yaml.safe_dump(_metadata(kind, name, report), sort_keys=False, allow_unicode=True),
        name=name,
        form="a LiteRT file" if kind == LITE else "a SavedModel for TensorFlow Serving",
        asking=asking.format(name=name, id_name=report.id_name),
        data=_data(report),
        figures=_figures(report.metrics),
        seen="may be recommended again" if report.repeats else "is not recommended again",
        retrieval=_retrieval(None if kind == LITE else report.retrieval),
        requests=report.proof.requests,
        encoder=report.encoder,
        k=report.k,
        items=report.items,
        window=report.window,
        withheld=report.withheld,
        date=report.date,
    )
    path.write_text(card, encoding="utf-8")


def _metadata(kind: str, name: str, report: Report) -> dict:
    form = "tflite" if kind == LITE else "savedmodel"
    header = {
        "library_name": "tensorflow",
        "tags": ["recommender-system", "sequential-recommendation", report.encoder, form],
    }
    metrics = report.metrics
    if "test" not in metrics:
        return header
    dataset = {"name": report.data, "type": report.data, "split": "test"}
    values = [
        {"type": metric, "value": value, "name": f"{metric} ({metrics['protocol']})"}
        for metric, value in metrics["test"].items()
        if metric.endswith("@10")
    ]
    result = {"task": {"type": "sequential-recommendation"}, "dataset": dataset, "metrics": values}
    return {**header, "model-index": [{"name": name, "results": [result]}]}


def _data(report: Report) -> str:
    if report.data is None:
        return "Not known to the exporter: the encoder was trained elsewhere."
    protocol = report.metrics.get("protocol", "none")
    return f"Trained on {report.data}, held out under protocol {protocol} (run `{report.run}`)."


def _figures(metrics: dict) -> str:
    if "test" not in metrics:
        return "None that the exporter knows of."
    rows = {"**this model**": metrics["test"], **metrics.get("baselines", {})}
    lines = [
        f"| {name} | {row['hit_rate@10']:.4f} | {row['ndcg@10']:.4f} | {row['mrr@10']:.4f} |"
        for name, row in rows.items()
    ]
    title = f"| {metrics['protocol']}, test | HR@10 | NDCG@10 | MRR@10 |"
    said = (seen_note(metrics), times_note(metrics), refit_note(metrics))
    notes = [each for each in said if each]
    return "\n".join([title, "|---|---|---|---|", *lines, *(f"\n{note}" for note in notes)])


def _retrieval(retrieval: Retrieval | None) -> str:
    way = "rating all of them"
    if retrieval is None:
        return way
    if cells := retrieval.cells:
        way = f"rating those of the nearest {cells.probes} of {cells.cells} cells"
    way = f"{way}, in {retrieval.precision}"
    if recall := retrieval.recall:
        way += f": {recall.share:.1%} of {recall.of or f'the exact top {recall.k}'}"
    if retrieval.test:
        way += f", NDCG@10 {change_text(retrieval.test.ndcg_change)}"
    return way
