"""Serve and query SavedModels under TensorFlow Serving's protocol; the last of three stages."""
