"""Versions of models: found on disk, in memory, and who may be asked for which."""
