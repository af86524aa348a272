"""A load generator for model servers: `python -m serving.load`."""
