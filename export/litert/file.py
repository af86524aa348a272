"""A LiteRT file as something to edit: which operator reads which constant, and new ones of both.

The object form is LiteRT's own (`flatbuffer_utils`); here is what quantisation needs on top of it.
"""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

TYPES: dict[np.dtype, int] = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int8): schema.TensorType.INT8,
}
DTYPES = {kind: dtype for dtype, kind in TYPES.items()}

Scale = np.ndarray | float | None  # of quantised values: of each row, or of all; None for others


class LiteFile:
    """The file's model, to be changed in place; `content` gives the bytes of the changed file.

    Args:
        content: a `.tflite` file.

    Attributes:
        graphs: the main graph and, where the network loops, the conditions and bodies of loops.
    """

    def __init__(self, content: bytes):
        self._model = flatbuffer_utils.read_model_from_bytearray(content)
        self.graphs = [LiteGraph(self._model, n) for n in range(len(self._model.subgraphs))]

    def content(self) -> bytes:
        """The file, without the names of tensors, which are for debugging the conversion."""
        used = {metadata.buffer for metadata in self._model.metadata}
        for graph in self._model.subgraphs:
            for tensor in graph.tensors:
                tensor.name = None
                used.add(tensor.buffer)
        for number, buffer in enumerate(self._model.buffers):
            if number not in used:
                buffer.data = None
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self._model))


class LiteGraph:
    """One graph of a file; its tensors are known by their number.

    Args:
        model: the file's model.
        number: which of its graphs.
    """

    def __init__(self, model: schema.ModelT, number: int):
        self._model, self.number = model, number
        self._graph = model.subgraphs[number]

    @property
    def operators(self) -> list[schema.OperatorT]:
        """In the order in which they run."""
        return list(self._graph.operators)

    def replace(self, operators: list[schema.OperatorT]) -> None:
        """Run these instead."""
        self._graph.operators = operators

    def kind(self, operator: schema.OperatorT) -> int:
        """Its `schema.BuiltinOperator`."""
        code = self._model.operatorCodes[operator.opcodeIndex]
        return flatbuffer_utils.get_builtin_code_from_operator_code(code)

    def readers(self) -> dict[int, list[tuple[schema.OperatorT, int]]]:
        """Tensor -> the operators that read it, and as which of their inputs.

        What the graph gives back is read too, by nobody's operator.
        """
        found = {tensor: [(None, 0)] for tensor in self._graph.outputs}
        for operator in self._graph.operators:
            for place, tensor in enumerate(operator.inputs):
                found.setdefault(tensor, []).append((operator, place))
        return found

    def weights(self, least: int) -> dict[int, np.ndarray]:
        """The float32 constants of at least so many values that something reads."""
        read = self.readers()
        return {
            number: self.values(number)
            for number, tensor in enumerate(self._graph.tensors)
            if tensor.type == schema.TensorType.FLOAT32
            and number in read
            and np.prod(tensor.shape) >= least
            and self._model.buffers[tensor.buffer].data is not None
        }

    def values(self, number: int) -> np.ndarray:
        """A constant's values."""
        tensor = self._graph.tensors[number]
        data = bytes(self._model.buffers[tensor.buffer].data)
        return np.frombuffer(data, DTYPES[tensor.type]).reshape(tensor.shape)

    def shape(self, number: int) -> list[int]:
        """A tensor's shape."""
        return self._graph.tensors[number].shape

    def scale(self, number: int) -> float:
        """The one scale of a quantised tensor."""
        return float(self._graph.tensors[number].quantization.scale[0])

    def forget(self, number: int) -> None:
        """Drop a constant's values: nothing reads it, or an operator computes it from now on."""
        self._graph.tensors[number].buffer = 0

    def add_constant(self, values: np.ndarray, scale: Scale = None) -> int:
        """A new constant, quantised with a scale for all of it or one for each of its rows."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        tensor = _tensor(values.shape, None, TYPES[values.dtype], _quantization(scale))
        tensor.buffer = len(self._model.buffers) - 1
        return self._append(tensor)

    def add_view(self, number: int, shape: tuple[int, ...]) -> int:
        """A constant once more, in another shape (-1: what is left); the file holds it once."""
        other = self._graph.tensors[number]
        tensor = _tensor(self.values(number).reshape(shape).shape, None, other.type, None)
        tensor.buffer = other.buffer
        return self._append(tensor)

    def add_like(
        self,
        number: int,
        dtype: type[np.generic],
        scale: Scale = None,
        zero_point: int = 0,
        width: int | None = None,
    ) -> int:
        """A new tensor for something computed, of the shape of another one.

        Args:
            number: the other one.
            dtype: NumPy's.
            scale: of quantised values; None for others.
            zero_point: of quantised values.
            width: of the last axis, if it is not the other's.
        """
        like = self._graph.tensors[number]
        shape = _with_width(like.shape, width)
        signature = None if like.shapeSignature is None else _with_width(like.shapeSignature, width)
        quantization = _quantization(scale, zero_point)
        return self._append(_tensor(shape, signature, TYPES[np.dtype(dtype)], quantization))

    def operator(
        self, kind: int, inputs: list, outputs: list, version: int, options: object = None
    ) -> schema.OperatorT:
        """A new operator, which is not in the graph yet.

        Args:
            kind: a `schema.BuiltinOperator`.
            inputs: tensors.
            outputs: tensors.
            version: the oldest version of the operator that does what is asked for.
            options: such as `schema.GatherOptionsT`; None where the defaults do.
        """
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(kind, version)
        operator.inputs, operator.outputs = inputs, outputs
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = options
        return operator

    def require(self, operator: schema.OperatorT, version: int) -> None:
        """Raise the version that the file asks for of an operator's kind."""
        code = self._model.operatorCodes[operator.opcodeIndex]
        code.version = max(code.version, version)

    def _code(self, kind: int, version: int) -> int:
        for number, code in enumerate(self._model.operatorCodes):
            if flatbuffer_utils.get_builtin_code_from_operator_code(code) == kind:
                code.version = max(code.version, version)
                return number
        code = schema.OperatorCodeT()
        # Readers of before 2020 know the first 127 operators by a byte.
        code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, 127)
        code.version = version
        self._model.operatorCodes.append(code)
        return len(self._model.operatorCodes) - 1

    def _append(self, tensor: schema.TensorT) -> int:
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1


def _with_width(shape: Sequence[int], width: int | None) -> list[int]:
    """A shape with another last side, if there is one."""
    return [*shape[:-1], width] if width and len(shape) else list(shape)


def _tensor(
    shape: Sequence[int],
    signature: Sequence[int] | None,
    kind: int,
    quantization: schema.QuantizationParametersT | None,
) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.shape, tensor.shapeSignature = list(shape), signature
    tensor.type, tensor.quantization = kind, quantization
    return tensor


def _quantization(scale: Scale, zero_point: int = 0) -> schema.QuantizationParametersT | None:
    if scale is None:
        return None
    parameters = schema.QuantizationParametersT()
    parameters.scale = np.atleast_1d(np.asarray(scale, np.float32))
    parameters.zeroPoint = np.full(len(parameters.scale), zero_point, np.int64)
    return parameters
