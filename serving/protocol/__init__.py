"""TensorFlow Serving's protocol, as client and server know it: paths, codes, errors, messages."""
