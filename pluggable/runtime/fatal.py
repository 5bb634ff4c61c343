"""What a sidecar cannot live with."""

from __future__ import annotations


class FatalError(Exception):
    """The sidecar ends with exit status 1; the text is logged, and names what has to be mended."""
