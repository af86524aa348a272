"""A server process whose folders and configuration change while it answers."""

import json
import shutil
import time

import pytest

BODY = {"instances": [1.0]}


@pytest.fixture(scope="module")
def live(tmp_path_factory, model_root, start_server):
    """A server of `half`, version 1, that looks for changes every second; and its folder."""
    folder = tmp_path_factory.mktemp("live")
    publish(model_root / "half/1", folder / "half/1")
    write_config(folder, "")
    monitoring = folder / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true path: '/metrics' }")
    running = start_server(
        f"--model_config_file={folder / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        f"--monitoring_config_file={monitoring}",
        f"--access_log={folder / 'access.jsonl'}",
    )
    yield running, folder
    assert running.stop() == 0


def publish(source, target):
    """Copy under another name and rename, as one must."""
    incoming = target.parent / f"incoming-{target.name}"
    shutil.copytree(source, incoming)
    incoming.rename(target)


def write_config(folder, options, *others):
    entries = [
        f'config {{ name: "half" base_path: "{folder}/half" model_platform: "tensorflow" '
        f"{options} }}",
        *others,
    ]
    incoming = folder / "models.config.new"
    incoming.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    incoming.rename(folder / "models.config")


def statuses(running, model="half"):
    answer = running.get(f"/v1/models/{model}").json()
    return [(v["version"], v["state"]) for v in answer.get("model_version_status", [])]


def wait_for(condition, expected):
    """Ask until the answer is the expected one; the last answer."""
    until = time.monotonic() + 20
    while (found := condition()) != expected and time.monotonic() < until:
        time.sleep(0.1)
    assert found == expected


def test_one_after_the_other(live, model_root):
    running, folder = live
    ask = lambda place="": running.post(f"/v1/models/half{place}:predict", BODY)  # noqa: E731
    assert ask().json() == {"predictions": [2.5]}

    # A new version replaces the old one.
    publish(model_root / "half/20", folder / "half/20")
    wait_for(lambda: statuses(running), [("20", "AVAILABLE"), ("1", "END")])
    assert ask("/versions/20").json() == {"predictions": [2.5]}
    assert ask("/versions/1").status_code == 404

    # A broken one does not.
    broken = folder / "half/incoming"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"nonsense")
    broken.rename(folder / "half/21")
    wait_for(lambda: statuses(running)[0], ("21", "END"))
    error = running.get("/v1/models/half/versions/21").json()["model_version_status"][0]["status"]
    assert error["error_code"] == "UNKNOWN"
    assert "saved_model.pb is not a SavedModel" in error["error_message"]
    assert ask().status_code == 200
    assert running.get("/readyz").status_code == 200

    # A version whose warm-up request fails is not served either.
    shutil.copytree(model_root / "half/20", folder / "half/incoming-22")
    (folder / "half/incoming-22/assets.extra").mkdir()
    (folder / "half/incoming-22/assets.extra/tf_serving_warmup_requests").write_bytes(b"no records")
    (folder / "half/incoming-22").rename(folder / "half/22")
    wait_for(lambda: statuses(running)[0], ("22", "END"))
    assert ask("/versions/20").status_code == 200

    # Roll back: the older version by number, then a label for each.
    shutil.rmtree(folder / "half/21")
    shutil.rmtree(folder / "half/22")
    both = "model_version_policy { specific { versions: 1 versions: 20 } }"
    write_config(folder, both)
    wait_for(lambda: ask("/versions/1").status_code, 200)
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 20 }'
    write_config(folder, f"{both} {labels}")
    wait_for(lambda: ask("/labels/stable").status_code, 200)
    assert ask("/labels/canary").status_code == 200
    assert ask("/labels/other").status_code == 400

    # A file that cannot be read leaves everything as it is.
    (folder / "models.config").write_text("nonsense {")
    time.sleep(1.5)
    assert ask("/labels/canary").status_code == 200

    # A model is added, another removed.
    zoo = f'config {{ name: "zoo" base_path: "{model_root}/zoo" model_platform: "tensorflow" }}'
    write_config(folder, both, zoo)
    wait_for(lambda: statuses(running, "zoo"), [("1", "AVAILABLE")])
    write_config(folder, both)
    wait_for(lambda: statuses(running, "zoo"), [("1", "END")])
    assert running.get("/readyz").status_code == 200, "nobody waits for a model that was removed"

    # The folder is lost: what is loaded goes on answering.
    (folder / "half").rename(folder / "lost")
    time.sleep(1.5)
    assert ask("/versions/1").status_code == 200
    (folder / "lost").rename(folder / "half")


def test_metrics_under_tensorflow_servings_names(live):
    running, _ = live
    running.post("/v1/models/half:predict", BODY)
    running.post("/v1/models/nobody:predict", BODY)
    lines = running.get("/metrics").text.splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert "# TYPE :tensorflow:serving:request_latency histogram" in lines
    counts = [line for line in lines if line.startswith(":tensorflow:serving:request_count{")]
    assert any('model_name="half",status="OK"' in line for line in counts)
    # A name that strangers make up is no label value.
    assert any('model_name="",status="NOT_FOUND"' in line for line in counts)
    assert any(line.startswith(":tensorflow:serving:runtime_latency_bucket{") for line in lines)
    assert running.get("/metrics?x").status_code == 400
    assert running.get("/monitoring/prometheus/metrics").status_code == 404


def test_the_access_log_says_nothing_of_people(live):
    running, folder = live
    running.post("/v1/models/half:predict?secret=1", {"instances": [424242.0]})
    # Written when the answer is out.
    wait_for(
        lambda: '"status": 400' in (folder / "access.jsonl").read_text().splitlines()[-1], True
    )
    text = (folder / "access.jsonl").read_text()
    entry = json.loads(text.splitlines()[-1])
    assert entry["path"] == "/v1/models/half:predict" and entry["status"] == 400
    assert {"time", "method", "milliseconds", "response_bytes"} < entry.keys()
    assert "secret" not in text and "424242" not in text and "127.0.0.1" not in text
