"""Components on Redis and what speaks its protocol."""
