"""What the bundled components cost, each beside the bare library of its server."""
