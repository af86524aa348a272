"""The model card of a run: `README.md` with a picture of the learning curve."""

from pathlib import Path

from seqrec_tf.config import RunConfig
from seqrec_tf.evaluation import table, verdict


def write_model_card(path: Path, config: RunConfig, metrics: dict, history: list[dict]) -> None:
    """Write `README.md` and `learning_curve.png` into the run directory `path`."""
    draw_learning_curve(path / "learning_curve.png", metrics, history)
    name = config.encoder.encoder
    data = config.data.interactions or config.data.dataset
    settings = "\n".join(
        f"| {section} | {key} | {value} |"
        for section, values in config.as_dict().items()
        for key, value in values.items()
        if value is not None
    )
    (path / "README.md").write_text(
        f"""# {name} on {data}

Protocol {metrics["protocol"]}. {verdict(metrics, name)}

```
{table(metrics, name)}
```

![Learning curve](learning_curve.png)

Export it with `python -m export --format all --run {path}`.

| section | setting | value |
|---|---|---|
{settings}
""",
        encoding="utf-8",
    )


def draw_learning_curve(path: Path, metrics: dict, history: list[dict]) -> None:
    """Training loss and validation NDCG@10 against epochs; the baselines (test) as lines."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    epochs = range(1, len(history) + 1)
    figure, (loss, score) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    loss.plot(epochs, [row["loss"] for row in history], marker=".")
    loss.set(title="Training loss", xlabel="epoch")
    score.plot(epochs, [row["val_ndcg@10"] for row in history], marker=".", label="validation")
    for (name, row), color in zip(metrics["baselines"].items(), ("C1", "C2"), strict=True):
        score.axhline(row["ndcg@10"], color=color, linestyle="--", label=f"{name} (test)")
    score.set(title=f"NDCG@10, {metrics['protocol']}", xlabel="epoch", ylim=(0, None))
    score.legend()
    for axes in (loss, score):
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
