"""Let a module be called: `seqrec_tf.train(config)` and `python -m seqrec_tf.train` share a name.

Once a submodule is imported, Python puts it into its package under its name, over whatever else had
that name. So a function `seqrec_tf.train` would be one or the other, depending on who imported what
before. Instead there is only the module, and calling it calls the function. Python documents
setting a module's `__class__` for such ends (Data model, Customizing module attribute access).
"""

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def call_module(name: str, function: Callable[..., Any]) -> None:
    """Let calling the module `name` call `function`, with its signature and docstring."""
    module = sys.modules[name]
    module.__class__ = type("CallableModule", (ModuleType,), {"__call__": staticmethod(function)})
    vars(module)["__signature__"] = inspect.signature(function)
