"""Warm-up requests as TensorFlow Serving reads them."""

import pytest

from serving.models.versions import VersionDirectory
from serving.protocol.errors import InputError


@pytest.fixture(scope="module")
def zoo(model_root):
    from serving.models.loaded_model import LoadedModel

    return LoadedModel(VersionDirectory("zoo", 1, model_root / "zoo/1"))


@pytest.fixture
def run(zoo, tmp_path):
    """Write records and run them; a record is bytes or the text form of a `PredictionLog`."""
    import tensorflow as tf
    from google.protobuf import text_format
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    from serving.server.warmup import FILE, warm_up

    def run(*records, iterations=1):
        path = tmp_path / FILE
        path.parent.mkdir()
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                if isinstance(record, str):
                    record = text_format.Parse(record, PredictionLog()).SerializeToString()
                writer.write(record)
        return warm_up(zoo, VersionDirectory("zoo", 1, tmp_path), iterations)

    return run


PREDICT = """predict_log { request {
  model_spec { name: "somebody" signature_name: "%s" }
  inputs { key: "x" value { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 1 } }
} }"""
EXAMPLE = 'features { feature { key: "x" value { float_list { value: 1 } } } }'
INPUT = f"input {{ example_list {{ examples {{ {EXAMPLE} }} }} }}"
WITH_CONTEXT = f"input {{ example_list_with_context {{ context {{ {EXAMPLE} }} examples {{}} }} }}"


def test_every_kind_of_record_is_run(run):
    classify = (
        f'classify_log {{ request {{ model_spec {{ signature_name: "classify" }} {INPUT} }} }}'
    )
    regress = (
        f'regress_log {{ request {{ model_spec {{ signature_name: "regress" }} {WITH_CONTEXT} }} }}'
    )
    both = " ".join(
        f'tasks {{ model_spec {{ signature_name: "{name}" }} }}' for name in ("classify", "regress")
    )
    multi = f"multi_inference_log {{ request {{ {both} {INPUT} }} }}"
    assert run(PREDICT % "", PREDICT % "serving_default", classify, regress, multi) == 5


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (PREDICT % "none", "record 2: .* no signature 'none'"),
        (PREDICT % "text", "record 2: expected an answer"),
        ("session_run_log { }", "Unsupported log_type for warmup: session_run_log"),
        (b"\xff\xff", "record"),
    ],
)
def test_a_record_that_fails(run, record, reason):
    with pytest.raises(InputError, match=reason):
        run(PREDICT % "", record)


def test_no_more_than_a_thousand(run):
    with pytest.raises(InputError, match="record 1001: expected at most 1000 records"):
        run(*[PREDICT % ""] * 1001)


def test_no_file_and_an_empty_file(run, zoo, tmp_path):
    from serving.server.warmup import warm_up

    assert warm_up(zoo, VersionDirectory("zoo", 1, tmp_path)) == 0
    assert run() == 0
