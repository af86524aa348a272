"""Rewrite a float32 LiteRT file so that it holds its weights in fewer bits.

| mode | weights and item tables | products |
|---|---|---|
| `float16` | float16 | float32 |
| `dynamic` | int8 | int8, of inputs that are quantised as they come |
| `int8` | int8 | int8, of inputs and to outputs whose ranges were seen in real histories |

What stands between the products (normalisation, softmax, gates, residual sums) and the scores are
float32 in every mode. The converter's own quantisation decides for a whole graph: its `dynamic`
holds the table of a tied network twice, for looking up and for scoring, and its integers throughout
cost a transformer half of its NDCG (`tests/benchmarks/lite_modes.py`).

An item table is int8 with a scale for each row beside it; what is looked up in it, and the scores,
are multiplied by the scales. So looking up and scoring share one table.
"""

import numpy as np
from ai_edge_litert.schema_py_generated import (
    ActivationFunctionType,
    BuiltinOperator,
    MulOptionsT,
    OperatorT,
)

from export.litert.file import LiteFile, LiteGraph

SMALLEST = 1024  # values; below, quantising a weight costs about what it saves
LARGEST_LEVEL = 127  # int8, symmetric

# (graph, tensor) -> smallest and largest value seen
Ranges = dict[tuple[int, int], tuple[float, float]]


def quantize(content: bytes, mode: str, rows: int, ranges: Ranges | None = None) -> bytes:
    """The file in another mode.

    Args:
        content: a float32 file.
        mode: `float16`, `dynamic` or `int8`.
        rows: of the item table, items + 1.
        ranges: for `int8`, those of `export.litert.calibration.activation_ranges`.
    """
    file = LiteFile(content)
    for graph in file.graphs:
        if mode == "float16":
            _halve(graph)
            continue
        products = layer_products(graph, rows)
        _quantize_tables(graph, rows)
        _quantize_weights(graph, products, per_row=mode == "dynamic")
        if mode == "int8":
            _quantize_activations(graph, products, ranges or {})
    return file.content()


def layer_products(graph: LiteGraph, rows: int) -> list[OperatorT]:
    """The products with the weights of layers; those with an item table are no such."""
    readers, found = graph.readers(), []
    for number, values in graph.weights(SMALLEST).items():
        uses = readers[number]
        multiplied = all(_multiplies(graph, *use) for use in uses) and values.ndim == 2
        if multiplied and not all(_scores(graph, *use, rows) for use in uses):
            found += [operator for operator, _ in uses]
    return found


def _halve(graph: LiteGraph) -> None:
    """Float16 weights; the interpreter widens them once, before its first answer."""
    widened = []
    for number, values in graph.weights(SMALLEST).items():
        half = graph.add_constant(values.astype(np.float16))
        graph.forget(number)
        widened.append(graph.operator(BuiltinOperator.DEQUANTIZE, [half], [number], version=3))
    graph.replace([*widened, *graph.operators])


def _quantize_tables(graph: LiteGraph, rows: int) -> None:
    readers, rewritten = graph.readers(), {}
    for number, values in graph.weights(SMALLEST).items():
        uses = readers[number]
        known = [_looks_up(graph, *use) or _scores(graph, *use, rows) for use in uses]
        if values.ndim == 2 and all(known):
            levels, scales = _levels(values, per_row=True)
            table = graph.add_constant(levels, scale=1.0)
            factors = graph.add_constant(scales)
            graph.forget(number)
            for operator, place in uses:
                rewrite = _look_up if _looks_up(graph, operator, place) else _score
                rewritten[id(operator)] = rewrite(graph, operator, table, factors)
    kept = graph.operators
    graph.replace([new for old in kept for new in rewritten.get(id(old), [old])])


def _look_up(graph: LiteGraph, gather: OperatorT, table: int, factors: int) -> list[OperatorT]:
    """Rows of an int8 table, widened and multiplied by their factors."""
    rows, (target,) = gather.inputs[1], gather.outputs
    levels = graph.add_like(target, np.int8, scale=1.0)
    wide, factor = graph.add_like(target, np.float32), graph.add_like(target, np.float32, width=1)
    column = graph.add_view(factors, (-1, 1))
    gather.inputs, gather.outputs = [table, rows], [levels]
    kind, options = BuiltinOperator.GATHER, gather.builtinOptions
    return [
        gather,
        graph.operator(BuiltinOperator.DEQUANTIZE, [levels], [wide], version=2),
        graph.operator(kind, [column, rows], [factor], version=2, options=options),
        _multiply(graph, wide, factor, target),
    ]


def _score(graph: LiteGraph, product: OperatorT, table: int, factors: int) -> list[OperatorT]:
    """Products with the rows of an int8 table, multiplied by their factors."""
    (target,) = product.outputs
    unscaled = graph.add_like(target, np.float32)
    _reweigh(graph, product, table, version=9)
    product.outputs = [unscaled]
    return [product, _multiply(graph, unscaled, factors, target)]


def _multiply(graph: LiteGraph, first: int, second: int, target: int) -> OperatorT:
    inputs, options = [first, second], MulOptionsT()
    return graph.operator(BuiltinOperator.MUL, inputs, [target], version=1, options=options)


def _quantize_weights(graph: LiteGraph, products: list[OperatorT], per_row: bool) -> None:
    new = {}
    for product in products:
        number = product.inputs[1]
        if number not in new:
            levels, scales = _levels(graph.values(number), per_row)
            new[number] = graph.add_constant(levels, scale=scales)
            graph.forget(number)
        _reweigh(graph, product, new[number], version=12 if per_row else 9)


def _reweigh(graph: LiteGraph, product: OperatorT, weight: int, version: int) -> None:
    """Let a product of float32 inputs have an int8 weight."""
    product.inputs[1] = weight
    product.builtinOptions.asymmetricQuantizeInputs = True
    graph.require(product, version)


def _quantize_activations(graph: LiteGraph, products: list[OperatorT], ranges: Ranges) -> None:
    """Let the products read and write int8 in the ranges seen."""
    readers, known = graph.readers(), {id(product) for product in products}
    as_int8, operators = {}, []
    for operator in graph.operators:
        if id(operator) not in known:
            operators.append(operator)
            continue
        source, (target,) = operator.inputs[0], operator.outputs
        if source not in as_int8:
            as_int8[source] = _int8_like(graph, source, ranges)
            target8 = as_int8[source]
            operators.append(
                graph.operator(BuiltinOperator.QUANTIZE, [source], [target8], version=1)
            )
        as_int8[target] = _int8_like(graph, target, ranges)
        _let_read_int8(graph, operator, as_int8[source], as_int8[target])
        operators.append(operator)
        if any(id(reader) not in known for reader, _ in readers[target]):
            source8 = as_int8[target]
            operators.append(
                graph.operator(BuiltinOperator.DEQUANTIZE, [source8], [target], version=2)
            )
    graph.replace(operators)


def _int8_like(graph: LiteGraph, number: int, ranges: Ranges) -> int:
    low, high = ranges[graph.number, number]
    scale = max(high - low, 1e-6) / (2 * LARGEST_LEVEL + 1)
    zero_point = round(-LARGEST_LEVEL - 1 - low / scale)
    return graph.add_like(number, np.int8, scale=scale, zero_point=zero_point)


def _let_read_int8(graph: LiteGraph, product: OperatorT, source: int, target: int) -> None:
    weight, bias = product.inputs[1], product.inputs[2] if len(product.inputs) > 2 else -1
    if bias >= 0:
        scale = graph.scale(source) * graph.scale(weight)
        levels = np.rint(graph.values(bias) / scale).astype(np.int32)
        bias = graph.add_constant(levels, scale=scale)
    product.inputs, product.outputs = [source, weight, bias], [target]
    product.builtinOptions.asymmetricQuantizeInputs = False


def _levels(values: np.ndarray, per_row: bool) -> tuple[np.ndarray, np.ndarray]:
    """Int8 values and float32 scales, (rows,) or (1,), with which they are near `values`."""
    largest = np.abs(values).max(axis=1 if per_row else None)
    scales = np.atleast_1d(np.where(largest > 0, largest / LARGEST_LEVEL, 1)).astype(np.float32)
    return np.rint(values / scales[:, np.newaxis]).astype(np.int8), scales


def _looks_up(graph: LiteGraph, operator: OperatorT | None, place: int) -> bool:
    if operator is None or graph.kind(operator) != BuiltinOperator.GATHER:
        return False
    options = operator.builtinOptions
    return (place, options.axis, options.batchDims) == (0, 0, 0)


def _multiplies(graph: LiteGraph, operator: OperatorT | None, place: int) -> bool:
    return (
        operator is not None
        and graph.kind(operator) == BuiltinOperator.FULLY_CONNECTED
        and place == 1
    )


def _scores(graph: LiteGraph, operator: OperatorT | None, place: int, rows: int) -> bool:
    """Whether the operator multiplies a vector with each item, and does nothing else."""
    if operator is None or not _multiplies(graph, operator, place):
        return False
    nothing = ActivationFunctionType.NONE
    plain = operator.builtinOptions.fusedActivationFunction == nothing
    biased = len(operator.inputs) > 2 and operator.inputs[2] >= 0
    return plain and not biased and graph.shape(operator.inputs[1])[0] == rows
