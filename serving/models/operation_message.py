"""An operation's own words, out of the report that TensorFlow's Python makes around them.

TensorFlow Serving has no Python: its clients read what the C++ of the operation says, with the node
where it happened. Stacks of whoever built or loaded the graph are nothing to clients.
"""

import re

_FUNCTION_NODE = re.compile(r"\{\{function_node [^{}]*\}\} ?")
_CALLED = re.compile(r"\s\[Op:[^\]\s]*\](?: name: \S*)?\s*\Z")
_FRAMES = re.compile(
    # Each with the line of code under it, which stands further in.
    r'(?:^(?P<margin>[ \t]*)File "[^"\n]*", line \d+(?:, in [^\n]*)?(?:\n|\Z)'
    r"(?:(?P=margin)[ \t]{2}[^\n]*(?:\n|\Z))*(?:[ \t]*\n)*)+",
    re.MULTILINE,
)
_HEADINGS = re.compile(
    r"^[ \t]*(?:Graph execution error:|Detected at node [^\n]* defined at[^\n]*:|Node: '[^'\n]*'"
    r"|<stack traces unavailable>|Stack trace for op definition:|Traceback \([^\n]*\):)[ \t]*"
    r"(?:\n|\Z)(?:[ \t]*\n)*",
    re.MULTILINE,
)
# What Python puts after the message, to its end.
_APPENDICES = re.compile(
    r"\s*^(?:Errors may have originated from an input operation\.|Original stack trace for "
    r"|Function call stack:|\.\.\.which was originally created as op |Caused by op "
    r"|Input Source operations connected to node |During handling of the above exception"
    r"|The above exception was the direct cause)[\s\S]*\Z",
    re.MULTILINE,
)


def operation_message(message: str) -> str:
    """The operation's own words.

    Args:
        message: of a `tf.errors.OpError`, or as text.
    """
    own = _FUNCTION_NODE.sub("", message)
    own = _APPENDICES.sub("", own)
    own = _HEADINGS.sub("", _FRAMES.sub("", own))
    return _CALLED.sub("", own).strip("\n")
