"""`import export` offers its public names, whatever else was imported before."""

import pytest
from helpers.processes import printed

import export

FUNCTIONS = ["batch_score", "export_run", "export_savedmodel", "refresh", "verify"]
NAMES = ["BatchOptions", "ExportOptions", "ProofError", *FUNCTIONS]


def test_importing_export_needs_no_tensorflow_nor_pandas():
    heavy = "{'tensorflow', 'keras', 'pandas', 'pyarrow', 'numpy'}"
    assert (
        printed(f"import export, sys; dir(export); print(sys.modules.keys() & {heavy})") == "set()"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_of_the_module_that_it_is_said_to_be_of(name):
    assert set(NAMES) == set(export.__all__) <= set(dir(export))
    found = getattr(export, name)
    assert callable(found) and found.__name__ == name and found.__doc__


def test_a_function_is_called_whatever_module_was_imported_before():
    """No module has the name of a function: it would stand where the function is expected."""
    code = """
import importlib, pkgutil, export
for module in pkgutil.walk_packages(export.__path__, "export."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*(type(getattr(export, name)).__name__ for name in export.__all__))
"""
    assert set(printed(code).split()) == {"type", "function"}


def test_what_is_not_there_is_said():
    with pytest.raises(AttributeError, match="module 'export' has no attribute 'publish_all'"):
        export.publish_all  # noqa: B018


def test_verify_gives_the_findings(models, tmp_path):
    assert export.verify(str(models / "seqrec-lite/1")) == []
    with pytest.raises(ValueError, match="expected the folder of an exported version"):
        export.verify(tmp_path)
