"""The binding that sends mail."""
