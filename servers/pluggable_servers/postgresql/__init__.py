"""Components on PostgreSQL."""
