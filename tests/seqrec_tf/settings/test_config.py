"""The configuration as JSON: what is written is read back, and a mistake is named."""

import dataclasses
import json

import pytest

from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json
from seqrec_tf.settings.config import DataConfig, EncoderConfig, RunConfig, TrainingConfig
from seqrec_tf.settings.config_files import read_config
from seqrec_tf.settings.id_names import require_id_name

SECTIONS = {"data": DataConfig, "encoder": EncoderConfig, "training": TrainingConfig}

# Every field differs from its default, so a field that got lost would show.
OTHER = RunConfig(
    DataConfig(
        dataset="ml-1m",
        data_dir="folder",
        cache_dir="cache",
        interactions="log.csv",
        tfds="films",
        user_column="u",
        item_column="i",
        time_column="t",
        rating_column="r",
        titles="titles.csv",
        title_column="name",
        category_column="genre",
        id_type="string",
        id_name="sku",
        protocol="PT",
        min_rating=2.5,
        min_item_count=3,
        min_user_count=4,
        min_sequence_length=5,
        repeats=True,
        validation_from=1.5,
        test_from=2.5,
        test_days=3.5,
    ),
    EncoderConfig(
        encoder="gru4rec",
        window=7,
        dim=6,
        layers=3,
        heads=2,
        dropout=0.5,
        positions="none",
        norm="post",
        expansion=4,
        gated=True,
        time_bias=True,
        tied=False,
        blend=True,
    ),
    TrainingConfig(
        recipe="demo",
        continue_from="runs/old",
        objective="bce",
        examples="prefixes",
        negatives=9,
        popularity_share=0.5,
        in_batch_negatives=True,
        calibration=0.25,
        score_penalty=0.125,
        label_smoothing=0.375,
        item_dropout=0.0625,
        batch_size=11,
        epochs=12,
        min_steps=16,
        optimizer="adamw",
        learning_rate=0.5,
        schedule="cosine",
        warmup=0.75,
        beta_2=0.9,
        average=0.625,
        patience=13,
        search_minutes=2.5,
        candidates="gated",
        validation_users=17,
        length_buckets=14,
        precision="mixed_bfloat16",
        refit=True,
        mirrored=True,
        seed=15,
    ),
)


@pytest.mark.parametrize("section", SECTIONS)
def test_as_dict_has_every_field_of_every_section(section):
    assert set(RunConfig().as_dict()) == set(SECTIONS)
    fields = [field.name for field in dataclasses.fields(SECTIONS[section])]
    assert list(RunConfig().as_dict()[section]) == fields


def test_round_trip_through_a_file(tmp_path):
    for section in SECTIONS:
        default, other = getattr(RunConfig(), section), getattr(OTHER, section)
        for field in dataclasses.fields(default):
            assert getattr(default, field.name) != getattr(other, field.name), field.name
    write_json(tmp_path / "config.json", OTHER.as_dict())
    assert read_config(tmp_path / "config.json") == OTHER


def test_what_the_file_leaves_out_keeps_its_default(tmp_path):
    (tmp_path / "config.json").write_text('{"encoder": {"dim": 8}}')
    assert read_config(tmp_path / "config.json") == RunConfig(encoder=EncoderConfig(dim=8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"encoder": {"dimension": 8}},
            "config.json, section 'encoder': unknown key 'dimension'; expected one of blend, dim, ",
        ),
        (
            {"model": {}},
            "config.json: unknown section 'model'; expected one of data, encoder, training",
        ),
        ([], "config.json: expected a JSON object. Received: list"),
        ({"data": 3}, "config.json, section 'data': expected a JSON object. Received: int"),
        (
            {"encoder": {"window": "50"}},
            "section 'encoder', key 'window': expected int. Received: '50'",
        ),
        ({"training": {"epochs": True}}, "key 'epochs': expected int. Received: True"),
        ({"training": {"epochs": 1.5}}, "key 'epochs': expected int. Received: 1.5"),
        ({"encoder": {"tied": 1}}, "key 'tied': expected bool. Received: 1"),
        ({"data": {"min_rating": "2"}}, "key 'min_rating': expected float or null. Received: '2'"),
        (
            {"training": {"objective": "hinge"}},
            "key 'objective': expected one of bce, gbce, full-softmax, sampled-softmax, "
            "in-batch-softmax, bpr-max, auto. Received: 'hinge'",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, content, message):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        read_config(path)
    assert message in str(error.value)


def test_whole_numbers_and_null_are_taken_where_a_float_may_stand(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"data": {"min_rating": 2, "test_from": null}, "encoder": {"dropout": 0}}')
    config = read_config(path)
    assert (config.data.min_rating, config.data.test_from, config.encoder.dropout) == (2, None, 0)


def test_broken_json_names_its_line(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{\n  "encoder": {\n    "dim": 8,,\n  }\n}\n')
    with pytest.raises(InputError, match=r"config.json, line 3: expected JSON\. Received: "):
        read_config(path)


@pytest.mark.parametrize("name", ["k", "titles", "rows", "title", "Movie", "a b", "", "1st"])
def test_an_id_name_that_is_taken_or_no_name(name):
    with pytest.raises(InputError, match=f"--id-name: expected .* Received: {name!r}"):
        require_id_name(name)
    assert require_id_name("track_ids") == "track_ids"
