"""The model card of an artifact: `README.md` in the form that the Hugging Face Hub reads."""

from pathlib import Path

import yaml

from export.artifact.changes import change_text
from export.artifact.version import LITE
from seqrec_tf.evaluation.seen_targets import seen_note

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


def write_model_card(path: Path, kind: str, name: str, facts: dict) -> None:
    """Write the card.

    Args:
        path: the file.
        kind: `savedmodel` or `lite`.
        name: the model's name.
        facts: the content of `export_report.json`.
    """
    asking = ON_DEVICE if kind == LITE else SERVED
    card = CARD.format(
        header=yaml.safe_dump(_metadata(kind, name, facts), sort_keys=False, allow_unicode=True),
        name=name,
        form="a LiteRT file" if kind == LITE else "a SavedModel for TensorFlow Serving",
        asking=asking.format(name=name, id_name=facts["id_name"]),
        data=_data(facts),
        figures=_figures(facts["metrics"]),
        seen="may be recommended again" if facts.get("repeats") else "is not recommended again",
        retrieval="rating all of them"
        if kind == LITE
        else _retrieval(facts["retrieval"], facts["k"]),
        requests=sum(form["requests"] for form in facts["proof"]["forms"].values()),
        **{key: facts[key] for key in ("encoder", "k", "items", "window", "withheld", "date")},
    )
    path.write_text(card, encoding="utf-8")


def _metadata(kind: str, name: str, facts: dict) -> dict:
    form = "tflite" if kind == LITE else "savedmodel"
    header = {
        "library_name": "tensorflow",
        "tags": ["recommender-system", "sequential-recommendation", facts["encoder"], form],
    }
    metrics = facts["metrics"]
    if "test" not in metrics:
        return header
    dataset = {"name": facts["data"], "type": facts["data"], "split": "test"}
    values = [
        {"type": metric, "value": value, "name": f"{metric} ({metrics['protocol']})"}
        for metric, value in metrics["test"].items()
        if metric.endswith("@10")
    ]
    result = {"task": {"type": "sequential-recommendation"}, "dataset": dataset, "metrics": values}
    return {**header, "model-index": [{"name": name, "results": [result]}]}


def _data(facts: dict) -> str:
    if facts["data"] is None:
        return "Not known to the exporter: the encoder was trained elsewhere."
    protocol = facts["metrics"].get("protocol", "none")
    return f"Trained on {facts['data']}, held out under protocol {protocol} (run `{facts['run']}`)."


def _figures(metrics: dict) -> str:
    if "test" not in metrics:
        return "None that the exporter knows of."
    rows = {"**this model**": metrics["test"], **metrics.get("baselines", {})}
    lines = [
        f"| {name} | {row['hit_rate@10']:.4f} | {row['ndcg@10']:.4f} | {row['mrr@10']:.4f} |"
        for name, row in rows.items()
    ]
    title = f"| {metrics['protocol']}, test | HR@10 | NDCG@10 | MRR@10 |"
    note = seen_note(metrics)
    return "\n".join([title, "|---|---|---|---|", *lines, *(["", note] if note else [])])


def _retrieval(facts: dict, k: int) -> str:
    way = "rating all of them"
    if facts["kind"] == "ivf":
        way = f"rating those of the nearest {facts['probes']} of {facts['cells']} cells"
    way, recall = f"{way}, in {facts['precision']}", facts.get(f"recall@{k}")
    if recall is not None:
        way += f": {recall:.1%} of {facts.get('recall_of', f'the exact top {k}')}"
    if "test" in facts:
        way += f", NDCG@10 {change_text(facts['test']['ndcg_change'])}"
    return way
