"""Let a module be called: `seqrec_tf.train(config)` and `python -m seqrec_tf.train` share a name.

Once a submodule is imported, Python puts it into its package under its name, over whatever else had
that name. So a function `seqrec_tf.train` would be one or the other, depending on who imported what
before. Instead there is only the module, and calling it calls the function. Python documents
setting a module's `__class__` for such ends (Data model, Customizing module attribute access).
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def call_module(name: str, home: str, function: str) -> None:
    """Let calling the module `name` call a function of the module `home`, with its signature.

    `home` is imported when it is needed, so that a command's first line runs at once.
    """

    def found() -> Callable[..., Any]:
        return getattr(importlib.import_module(home), function)

    members = {
        "__call__": lambda _, *args, **named: found()(*args, **named),
        "__signature__": property(lambda _: inspect.signature(found())),
    }
    sys.modules[name].__class__ = type("CallableModule", (ModuleType,), members)
