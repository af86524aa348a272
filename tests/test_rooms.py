"""The house: which room may import which, no circle, and what each room says of itself."""

import ast
import graphlib

import pytest
from helpers.rooms import PACKAGES, REPOSITORY, imported_rooms, imports, sources

ROOMS = imported_rooms()
# What everybody stands on; it imports nothing above.
GROUND = set(
    """
    seqrec_tf.backend seqrec_tf.callable_module seqrec_tf.command seqrec_tf.errors
    seqrec_tf.folders seqrec_tf.interrupts seqrec_tf.json_files seqrec_tf.processes seqrec_tf.ragged
    seqrec_tf.screen seqrec_tf.undoing seqrec_tf.versions
    export.artifact.documents
    serving.access_log serving.command serving.interrupts serving.metrics serving.protocol
    serving.quiet
    """.split()  # noqa: SIM905
)
# From the ground up: room -> the rooms that it may import beside the ground of its stage.
MAY_IMPORT = {
    # The first stage.
    "seqrec_tf.settings": "",
    "seqrec_tf.data": "seqrec_tf.settings",
    "seqrec_tf.models": "seqrec_tf.settings",
    "seqrec_tf.similarity": "",
    "seqrec_tf.evaluation": (
        "seqrec_tf.data seqrec_tf.models seqrec_tf.settings seqrec_tf.similarity"
    ),
    "seqrec_tf.losses": "seqrec_tf.models seqrec_tf.settings",
    "seqrec_tf.runs": "seqrec_tf.data seqrec_tf.evaluation seqrec_tf.models seqrec_tf.settings",
    "seqrec_tf.options": "seqrec_tf.runs seqrec_tf.settings",
    "seqrec_tf.training": (
        "seqrec_tf.data seqrec_tf.evaluation seqrec_tf.losses seqrec_tf.models seqrec_tf.runs "
        "seqrec_tf.settings seqrec_tf.similarity"
    ),
    "seqrec_tf.api": (
        "seqrec_tf.evaluation seqrec_tf.options seqrec_tf.runs seqrec_tf.settings "
        "seqrec_tf.training"
    ),
    "seqrec_tf.commands": (
        "seqrec_tf.api seqrec_tf.evaluation seqrec_tf.options seqrec_tf.runs seqrec_tf.settings "
        "seqrec_tf.training"
    ),
    # Where a process begins; what it is named after is imported later.
    "seqrec_tf.evaluate": "",
    "seqrec_tf.quickstart": "",
    "seqrec_tf.train": "",
    "seqrec_tf": "seqrec_tf.api seqrec_tf.evaluation seqrec_tf.runs seqrec_tf.settings",
    # The second, which reads what the first wrote.
    "export.artifact": "seqrec_tf.evaluation",
    "export.graph": "export.artifact seqrec_tf.data",
    "export.litert": "export.artifact export.graph seqrec_tf.data seqrec_tf.runs",
    "export.options": "export.graph export.litert",
    "export.proof": "export.artifact export.litert",
    "export.batch": (
        "export.artifact export.graph export.proof seqrec_tf.data seqrec_tf.options "
        "seqrec_tf.settings"
    ),
    "export.inspection": (
        "export.artifact export.litert export.proof seqrec_tf.evaluation seqrec_tf.options"
    ),
    "export.sources": "export.graph export.litert export.proof seqrec_tf.data",
    "export.verification": "export.artifact export.proof seqrec_tf.options",
    "export.building": (
        "export.artifact export.graph export.litert export.options export.proof export.sources"
    ),
    "export.exporter": (
        "export.artifact export.building export.graph export.litert export.options export.proof "
        "export.sources seqrec_tf.data seqrec_tf.runs seqrec_tf.settings"
    ),
    "export.bring_your_own": (
        "export.artifact export.exporter export.options export.sources seqrec_tf.data"
    ),
    "export.refreshing": (
        "export.artifact export.exporter export.options export.sources seqrec_tf.data "
        "seqrec_tf.runs"
    ),
    "export": (
        "export.batch export.bring_your_own export.exporter export.options export.proof "
        "export.refreshing export.verification"
    ),
    "export.__main__": "",
    "export.commands": (
        "export.artifact export.batch export.bring_your_own export.exporter export.graph "
        "export.inspection export.litert export.options export.proof export.refreshing "
        "export.verification seqrec_tf.models seqrec_tf.runs seqrec_tf.settings"
    ),
    # The third, which knows SavedModels only.
    "serving": "serving.client serving.client.transports serving.server",
    "serving.inference": "",
    "serving.client.transports": "",
    "serving.models": "serving.inference",
    "serving.batching": "serving.inference serving.models",
    "serving.demo": "serving.inference serving.models",
    "serving.rest_api": "serving.inference serving.models",
    "serving.grpc_api": "serving.inference serving.models",
    "serving.client": "serving.client.transports",
    "serving.rollout": "serving.client.transports serving.inference serving.models",
    "serving.load": "serving.client serving.client.transports",
    "serving.deploy": "serving.models serving.rollout",
    "serving.server": (
        "serving.batching serving.demo serving.grpc_api serving.inference serving.models "
        "serving.rest_api"
    ),
    "serving.__main__": "serving.batching serving.models serving.server",
}


def test_every_room_is_in_the_list():
    assert set(ROOMS) - GROUND == set(MAY_IMPORT)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_what_it_may(room):
    assert ROOMS[room] - GROUND <= set(MAY_IMPORT[room].split())


@pytest.mark.parametrize("room", sorted(GROUND))
def test_the_ground_stands_on_nothing_else(room):
    assert ROOMS[room] <= GROUND


def test_there_is_no_circle():
    graphlib.TopologicalSorter(ROOMS).prepare()


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_stages_point_forwards(path):
    """No stage knows one that comes after it, and the last knows no other, nor Keras."""
    stage = path.relative_to(REPOSITORY).parts[0]
    later = {
        "seqrec_tf": {"export", "serving"},
        "export": {"serving"},
        "serving": {"seqrec_tf", "export", "keras", "keras_hub", "keras_rs", "tf_keras"},
    }
    assert not {module.split(".")[0] for module in imports(path)} & (later[stage] | {"tests"})


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_in_one_sentence_what_it_is_for(package):
    for path in (REPOSITORY / package).rglob("__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert said.splitlines()[:1] and said.splitlines()[0].endswith("."), path


def test_the_top_floor_of_export_is_small():
    assert len(list((REPOSITORY / "export").glob("*.py"))) <= 10


def test_imports_are_found_wherever_they_stand(tmp_path):
    source = (
        "import os.path\ndef f():\n    if 1:\n        from export.litert import graph, __all__\n"
    )
    (tmp_path / "module.py").write_text(source)
    found = set(imports(tmp_path / "module.py"))
    assert found == {"os.path", "export.litert.graph", "export.litert"}
