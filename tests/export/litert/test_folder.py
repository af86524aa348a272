"""A LiteRT folder is finished: quantised, measured, and told about where people look."""

import dataclasses
import json

import pytest

from export.litert.folder import append_card, finish_lite
from export.litert.runner import lite_asker

COMPARED = 300


@pytest.fixture
def folder(large, tmp_path):
    """As the exporter leaves it, in float32."""
    model = large["sasrec"]
    (tmp_path / "model.tflite").write_bytes(model.files["none"])
    items = {"ids": model.sidecar.items.ids}
    sidecar = {"id_name": "movie_ids", "speaks": "ids", "quantization": "none", "items": items}
    sidecar |= {"signature": model.sidecar.signature.to_json()}
    (tmp_path / "model.json").write_text(json.dumps(sidecar))
    (tmp_path / "README.md").write_text("# The run's card\n")
    return tmp_path


@pytest.fixture
def samples(large):
    """Drawn ones; what came next is always what float32 recommends first, so that any loses."""
    model = large["sasrec"]
    compared = model.samples.compared[:COMPARED]
    answers = lite_asker(model.files["none"], model.sidecar)([ids for ids, *_ in compared])
    return dataclasses.replace(
        model.samples,
        compared=compared,
        targets=[ids[0] for ids, _ in answers],
        source="300 histories",
    )


def test_float32_is_left_as_it_is_and_measured(folder, large, capsys):
    report = finish_lite(folder, "none", None)
    append_card(folder)
    assert (folder / "model.tflite").read_bytes() == large["sasrec"].files["none"]
    assert json.loads((folder / "model.json").read_text())["report"] == report.to_json()
    assert (report.bytes, report.parity) == (report.float32_bytes, None)
    card = (folder / "README.md").read_text()
    assert card.startswith("# The run's card\n\n## On a phone\n")
    assert f"quantisation none: {report.bytes:,} bytes, 100.0% of float32." in card
    assert capsys.readouterr().err == ""


def test_quantised_in_place_and_said_so_in_sidecar_and_card(folder, samples, large):
    report = finish_lite(folder, "float16", samples)
    append_card(folder)
    assert (folder / "model.tflite").read_bytes() == large["sasrec"].files["float16"]
    sidecar = json.loads((folder / "model.json").read_text())
    assert (sidecar["quantization"], sidecar["bytes"]) == ("float16", report.bytes)
    assert report.float32_bytes == len(large["sasrec"].files["none"])
    assert report.bytes < 0.52 * report.float32_bytes
    assert report.parity.agreement > 0.99
    assert report.warnings == []
    assert "of float32's top 10 are in its top, NDCG@10" in (folder / "README.md").read_text()


def test_a_loss_of_more_than_a_hundredth_is_said_everywhere(folder, samples, capsys):
    report = finish_lite(folder, "int8", samples)
    append_card(folder)
    (warning,) = report.warnings
    ndcg = report.parity.ndcg
    assert ndcg.float32 == 1 and ndcg.change < -0.01
    assert warning == (
        f"int8 loses {-ndcg.change:.1%} of NDCG@10: 1.0000 in float32, "
        f"{ndcg.quantized:.4f} here (300 histories)"
    )
    assert capsys.readouterr().err == f"warning: {warning}\n"
    assert json.loads((folder / "model.json").read_text())["report"]["warnings"] == [warning]
    assert f"**Warning: {warning}.**" in (folder / "README.md").read_text()
