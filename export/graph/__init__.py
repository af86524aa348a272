"""The SavedModel's graph: histories to items and scores, with every signature and index."""
