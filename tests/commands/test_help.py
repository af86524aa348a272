"""Help comes at once, in every command: nothing slow is imported for it; and it has examples."""

import pytest
from helpers.processes import printed

HELP = """
import runpy, sys
sys.argv = ["x", "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit as ended:
    print(ended.code, sorted({{"tensorflow", "keras", "pandas"}} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    "module",
    [
        *("seqrec_tf.train", "seqrec_tf.evaluate", "export", "export.batch"),
        *("serving", "serving.client", "serving.load", "serving.deploy", "serving.rollout"),
    ],
)
def test_help_needs_nothing_slow(module):
    text, _, last = printed(HELP.format(module=module)).rpartition("\n")
    assert last == "0 []"
    assert text.startswith(f"usage: python -m {module} ")
    assert "examples:\n" in text
