"""Components on what the machine has: its files and its environment."""
