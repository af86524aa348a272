"""Which ops a SavedModel's graph uses, and which it may use.

Stock TensorFlow Serving links TensorFlow's own kernels but no Python, no custom ops, and XLA only
behind a flag. The list is spelt out rather than "all stock ops", so that a change of the graph
that brings in a new kind of op is seen.
"""

import collections
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

ALLOWED_OPS = frozenset(
    """
    AddV2 All AsString Assert AssignVariableOp BatchMatMulV2 BiasAdd Bitcast BroadcastTo Cast
    ConcatV2 Const Cumsum DenseBincount DisableCopyOnRead EnsureShape Equal ExpandDims Fill FloorDiv
    FloorMod GatherV2 Greater HashTableV2 Identity If Less LessEqual LogicalAnd LogicalOr
    LookupTableFindV2 LookupTableImportV2 LowerBound MatMul Max Maximum Mean MergeV2Checkpoints
    Minimum Mul Neg NoOp NotEqual OnesLike Pack Pad PadV2 ParseExampleV2 Placeholder
    PlaceholderWithDefault Prod RaggedGather RaggedRange RaggedTensorFromVariant
    RaggedTensorToTensor RaggedTensorToVariant Range ReadVariableOp RealDiv Relu Reshape
    ResourceGather RestoreV2 RightShift Rsqrt SaveV2 ScatterNd Select SelectV2 Shape ShardedFilename
    Sigmoid Size Slice Softmax Split SquaredDifference Squeeze StatefulPartitionedCall
    StaticRegexFullMatch StaticRegexReplace StopGradient StridedSlice StringJoin StringLength
    StringSplitV2 StringToNumber Sub Sum Tanh TensorListFromTensor TensorListGetItem
    TensorListReserve TensorListSetItem TensorListStack TensorScatterUpdate Tile TopKV2 Transpose
    Unpack UnsortedSegmentSum VarHandleOp VarIsInitializedOp Where While ZerosLike
    """.split()  # noqa: SIM905
)

# What runs Python, which no server has.
PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})


def foreign_ops(names: set[str], own_encoder: bool) -> set[str]:
    """Those of the ops that may not be in an exported graph.

    Around an encoder of this project nothing but `ALLOWED_OPS`. Somebody else's may use what it
    likes but Python: an op that stock TensorFlow does not have fails the proof anyway, whose
    process loads no other library.
    """
    return names - ALLOWED_OPS if own_encoder else names & PYTHON_OPS


def op_counts(model: "SavedModel") -> collections.Counter:
    """How often each op occurs in a `SavedModel` proto, in its graphs and their functions."""
    counts = (op_counts_of(graph.graph_def) for graph in model.meta_graphs)
    return sum(counts, collections.Counter())


def op_counts_of(graph: "GraphDef") -> collections.Counter:
    """How often each op occurs in a `GraphDef`, its functions included."""
    counts = collections.Counter(node.op for node in graph.node)
    for function in graph.library.function:
        counts.update(node.op for node in function.node_def)
    return counts
