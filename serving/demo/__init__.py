"""The page at `/` of the embedded server."""
