"""The gRPC face: the only room that knows status codes."""
