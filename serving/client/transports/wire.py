"""The few messages that a gRPC client of TensorFlow Serving sends and receives.

`tensorflow_serving.apis` has them all, but importing it imports TensorFlow, which takes seconds.
These have the names and numbers of the fields that TensorFlow Serving's have, so that the bytes are
the same. A test compares them with the real ones.
"""

from serving.protocol.proto_messages import message_classes

DATA_TYPES = {
    "DT_INVALID": 0,
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": 7,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_UINT32": 22,
    "DT_UINT64": 23,
}

MESSAGES = {
    "Dim": ["int64 size 1"],
    "TensorShapeProto": ["repeated Dim dim 2", "bool unknown_rank 3"],
    "TensorProto": [
        "int32 dtype 1",
        "TensorShapeProto tensor_shape 2",
        "bytes tensor_content 4",
        "repeated float float_val 5",
        "repeated double double_val 6",
        "repeated int32 int_val 7",
        "repeated bytes string_val 8",
        "repeated int64 int64_val 10",
        "repeated bool bool_val 11",
        "repeated uint32 uint32_val 16",
        "repeated uint64 uint64_val 17",
    ],
    "Int64Value": ["int64 value 1"],
    "Any": ["string type_url 1", "bytes value 2"],
    "ModelSpec": [
        "string name 1",
        "Int64Value version 2",
        "string signature_name 3",
        "string version_label 4",
    ],
    "PredictRequest": ["ModelSpec model_spec 1", "map TensorProto inputs 2"],
    "PredictResponse": ["map TensorProto outputs 1", "ModelSpec model_spec 2"],
    "GetModelMetadataRequest": ["ModelSpec model_spec 1", "repeated string metadata_field 2"],
    "GetModelMetadataResponse": ["ModelSpec model_spec 1", "map Any metadata 2"],
    "TensorInfo": ["string name 1", "int32 dtype 2", "TensorShapeProto tensor_shape 3"],
    "SignatureDef": [
        "map TensorInfo inputs 1",
        "map TensorInfo outputs 2",
        "map TensorProto defaults 4",
    ],
    "SignatureDefMap": ["map SignatureDef signature_def 1"],
}


CLASSES = message_classes("serving/wire.proto", "tensorflow.serving", MESSAGES)
TensorProto = CLASSES["TensorProto"]
PredictRequest = CLASSES["PredictRequest"]
PredictResponse = CLASSES["PredictResponse"]
GetModelMetadataRequest = CLASSES["GetModelMetadataRequest"]
GetModelMetadataResponse = CLASSES["GetModelMetadataResponse"]
SignatureDefMap = CLASSES["SignatureDefMap"]
ModelSpec = CLASSES["ModelSpec"]
