"""Requests that run as one: TensorFlow Serving's server-side batching."""
