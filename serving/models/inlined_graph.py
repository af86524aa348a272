"""A restored function as one flat graph, from which any of its outputs can be cut out.

A function runs as a whole: whatever it asserts, assigns or counts is done before it returns, also
for outputs nobody asked for. A session, as TensorFlow Serving runs one, does what the fetched
tensors need and nothing else. So the calls of functions are replaced by their bodies, and what
holds the outputs back until all is done is let go. Imports TensorFlow.
"""

from collections.abc import Iterable

from tensorflow.core.framework import graph_pb2, node_def_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2

# TensorFlow has no public way to inline functions, or to take a graph apart.
from tensorflow.python.eager import wrap_function
from tensorflow.python.grappler import tf_optimizer
from tensorflow.types.experimental import ConcreteFunction

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_LOWERED = "_lower_using_switch_merge"


def inline(function: ConcreteFunction) -> wrap_function.WrappedFunction:
    """The same computation without calls; its tensors have the names of the function's own.

    Args:
        function: what was restored; its graph stays as it is.

    Returns:
        A function whose `prune` cuts outputs out; it takes the captured tensors as inputs, too.
    """
    inputs = [tensor.name for tensor in function.graph.inputs]
    outputs = [tensor.name for tensor in function.graph.outputs]
    graph = function.graph.as_graph_def()
    _let_go(graph, outputs)
    # Loops and branches stay what they are, or nothing could be cut out of the graph.
    _set_lowered(graph, False)
    graph = _without_calls(graph, [*inputs, *outputs])
    _set_lowered(graph, True)
    return wrap_function.function_from_graph_def(graph, inputs, outputs)


def _let_go(graph: graph_pb2.GraphDef, outputs: list[str]) -> None:
    """Take away what makes outputs, of the graph and of what it calls, wait for everything.

    Each output is an `Identity` that waits for a `NoOp`, which waits for all that has an effect.
    Conditions that somebody put on a tensor stand before that `Identity`, and stay.
    """
    functions = {function.signature.name: function for function in graph.library.function}
    _loosen(graph.node, outputs)
    waiting, seen = list(graph.node), set()
    while waiting:
        node = waiting.pop()
        name = node.attr["f"].func.name if node.op in _CALLS else None
        if name in functions and name not in seen:
            seen.add(name)
            _loosen(functions[name].node_def, functions[name].ret.values())
            waiting += functions[name].node_def


def _loosen(nodes: Iterable[node_def_pb2.NodeDef], outputs: Iterable[str]) -> None:
    by_name = {node.name: node for node in nodes}
    for output in outputs:
        node = by_name.get(output.partition(":")[0])
        if node is None or node.op != "Identity":
            continue
        kept = [
            each
            for each in node.input
            if not each.startswith("^") or by_name[each[1:]].op != "NoOp"
        ]
        del node.input[:]
        node.input.extend(kept)


def _without_calls(graph: graph_pb2.GraphDef, kept: list[str]) -> graph_pb2.GraphDef:
    meta_graph = meta_graph_pb2.MetaGraphDef(graph_def=graph)
    meta_graph.collection_def["train_op"].node_list.value.extend(kept)
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1  # or small graphs would be skipped
    options.optimizers.append("function")
    options.function_optimization = rewriter_config_pb2.RewriterConfig.AGGRESSIVE
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _set_lowered(graph: graph_pb2.GraphDef, is_lowered: bool) -> None:
    inner = (node for function in graph.library.function for node in function.node_def)
    for node in (*graph.node, *inner):
        if _LOWERED in node.attr:
            node.attr[_LOWERED].b = is_lowered
