"""Dapr's building blocks in Python."""
