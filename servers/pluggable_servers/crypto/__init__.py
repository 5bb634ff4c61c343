"""Vaults of keys on the machine: files of a folder, and sets of JSON Web Keys."""
