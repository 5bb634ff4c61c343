"""Components on SQLite."""
