"""Asking a model, whichever protocol the request came in: REST and gRPC stand over this."""
