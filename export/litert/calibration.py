"""The ranges of a LiteRT file's activations on real histories."""

from collections.abc import Iterable

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from export.litert.file import LiteFile
from export.litert.quantization import Ranges, layer_products


def activation_ranges(
    content: bytes, rows: int, requests: Iterable[dict[str, np.ndarray]]
) -> Ranges:
    """Smallest and largest value of what the layers' products read and write; 0 is in each range.

    Args:
        content: a float32 file.
        rows: of the item table, items + 1.
        requests: name of an input -> what it is given, each.
    """
    ranges = {
        (graph.number, tensor): (0.0, 0.0)
        for graph in LiteFile(content).graphs
        for product in layer_products(graph, rows)
        for tensor in (product.inputs[0], product.outputs[0])
    }
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        # Delegates keep their tensors to themselves.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    run = interpreter.get_signature_runner()
    for request in requests:
        run(**request)
        for (graph, tensor), (low, high) in ranges.items():
            # Of a loop's body, the values of its last step.
            values = interpreter.get_tensor(tensor, graph)
            ranges[graph, tensor] = min(low, values.min()), max(high, values.max())
    return ranges
