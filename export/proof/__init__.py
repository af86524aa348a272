"""The proof that an artifact answers as the Keras model does, in a process without that model."""
