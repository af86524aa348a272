"""TensorFlow Serving's gRPC services. Needs the extra `grpc`."""
