"""The APIs of the sidecar over its building blocks: HTTP and gRPC, with one table of errors."""
