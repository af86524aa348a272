"""Operations that TensorFlow Serving's binary has and plain TensorFlow lacks.

They are registered by packages of their own, which take seconds to import: only when a model needs
them. Imports TensorFlow.
"""

import importlib
from dataclasses import dataclass

from tensorflow.core.framework import graph_pb2

# TensorFlow has no public list of its operations.
from tensorflow.python.framework import op_def_registry

from serving.protocol.errors import InputError


@dataclass(frozen=True)
class Package:
    """A package with operations.

    Attributes:
        name: to install it.
        module: to import it, which registers the operations.
        operations: theirs, as far as they are known.
        prefixes: with which others begin.
    """

    name: str
    module: str
    operations: frozenset[str]
    prefixes: tuple[str, ...]

    def has(self, operation: str) -> bool:
        """Whether an operation is one of the package's."""
        return operation in self.operations or operation.startswith(self.prefixes)


PACKAGES = (
    Package(
        "tensorflow-text",
        "tensorflow_text",
        frozenset(
            {
                "CaseFoldUTF8",
                "ConstrainedSequence",
                "FastBertNormalize",
                "FastWordpieceTokenizeWithOffsets",
                "FindSourceOffsets",
                "MaxSpanningTree",
                "NormalizeUTF8",
                "NormalizeUTF8WithOffsetsMap",
                "PhraseTokenize",
                "RegexSplitWithOffsets",
                "RougeL",
                "SentenceFragments",
                "SentenceFragmentsV2",
                "SplitMergeTokenizeWithOffsets",
                "TokenizerFromLogits",
                "UnicodeScriptTokenizeWithOffsets",
                "WhitespaceTokenizeWithOffsets",
                "WordpieceTokenizeWithOffsets",
            }
        ),
        ("TFText>", "Sentencepiece"),
    ),
    Package(
        "tensorflow-decision-forests", "tensorflow_decision_forests", frozenset(), ("SimpleML",)
    ),
)


def require_operations(graph: graph_pb2.GraphDef) -> None:
    """Register what a graph needs, from the packages that are installed.

    Raises:
        InputError: an operation is not there; with the package to install, if one is known.
    """
    if not _missing(graph):
        return
    failures = {package.name: _import(package) for package in PACKAGES}
    missing = _missing(graph)
    if missing:
        raise InputError(", ".join(_described(name, failures) for name in missing[:5]))


def _missing(graph: graph_pb2.GraphDef) -> list[str]:
    """The operations of a graph and its functions that nobody has registered, sorted."""
    functions = {function.signature.name for function in graph.library.function}
    nodes = [graph.node, *(function.node_def for function in graph.library.function)]
    operations = {node.op for group in nodes for node in group} - functions
    return sorted(name for name in operations if op_def_registry.get(name) is None)


def _import(package: Package) -> str:
    """Import a package if it is there; why that failed, or ""."""
    try:
        importlib.import_module(package.module)
    except ModuleNotFoundError as error:
        return "" if error.name == package.module else str(error)
    except Exception as error:  # one for another TensorFlow fails in many ways
        return str(error)
    return ""


def _described(operation: str, failures: dict[str, str]) -> str:
    for package in PACKAGES:
        if package.has(operation):
            how = failures[package.name] or f"pip install {package.name}"
            return f"op {operation} of {package.name} ({how})"
    return f"op {operation}, which neither TensorFlow nor TensorFlow Serving's binary has"
