"""Which version this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version as installed_version

DISTRIBUTION = "pluggable-components"


def version() -> str:
    """Return the installed distribution's version, ``0+source`` when run from a source tree."""
    try:
        return installed_version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+source"
