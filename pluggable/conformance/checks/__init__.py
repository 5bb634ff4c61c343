"""The checks, a module for each block or capability; ``common`` has those that hold for every block."""
