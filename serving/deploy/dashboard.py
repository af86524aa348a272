"""Grafana's dashboard: what TensorFlow Serving says of itself, by its metric names."""

import json
from typing import NamedTuple

PREFIX = ":tensorflow:serving:"
QUANTILES = (0.5, 0.95, 0.99)


class Panel(NamedTuple):
    """One graph.

    Attributes:
        title: what it shows.
        unit: Grafana's name of the unit of its axis.
        queries: legend -> PromQL.
    """

    title: str
    unit: str
    queries: dict[str, str]


def dashboard_text(name: str) -> str:
    """The dashboard as JSON; `name` is its title."""
    panels = [_panel(number, panel) for number, panel in enumerate(_panels())]
    dashboard = {
        "uid": "tensorflow-serving",
        "title": name,
        "schemaVersion": 39,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": panels,
    }
    return json.dumps(dashboard, indent=2) + "\n"


def _panels() -> list[Panel]:
    return [
        Panel(
            "Requests by model",
            "reqps",
            {"{{model_name}}": _rates("model_name", "request_count")},
        ),
        Panel(
            "Errors by model and status",
            "reqps",
            {
                "{{model_name}} {{status}}": _rates(
                    "model_name, status", 'request_count{status!="OK"}'
                )
            },
        ),
        Panel("Latency of requests", "µs", _quantiles("request_latency", "model_name")),
        Panel("Latency of the graph", "µs", _quantiles("runtime_latency", "model_name")),
        Panel(
            "Warm-up of a version, mean",
            "µs",
            {
                "{{model_path}} {{status}}": f"{PREFIX}model_warmup_latency_sum"
                f" / {PREFIX}model_warmup_latency_count"
            },
        ),
        Panel(
            "Waiting for a batch",
            "µs",
            _quantiles("batching_session:queuing_latency", "thread_pool_name"),
        ),
    ]


def _quantiles(metric: str, label: str) -> dict[str, str]:
    rates = _rates(f"{label}, le", f"{metric}_bucket")
    return {
        f"{{{{{label}}}}} p{quantile * 100:g}": f"histogram_quantile({quantile}, {rates})"
        for quantile in QUANTILES
    }


def _rates(labels: str, metric: str) -> str:
    return f"sum by ({labels}) (rate({PREFIX}{metric}[$__rate_interval]))"


def _panel(number: int, panel: Panel) -> dict:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }
