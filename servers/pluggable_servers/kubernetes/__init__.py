"""Secrets of Kubernetes: as a secret store, and as a vault of keys."""
