"""Components that keep everything in their process, for development and tests."""
