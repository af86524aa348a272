"""The two ways to ask a model server, REST and gRPC, without TensorFlow."""
