"""Components on NATS."""
