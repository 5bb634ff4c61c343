"""Properties of a component that the sidecar itself reads, whatever case they are written in."""

from __future__ import annotations

from collections.abc import Mapping


def property_of(properties: Mapping[str, str], name: str, default: str = "") -> str:
    """Return the property's value, or the default if it is not set."""
    if (value := properties.get(name)) is not None:
        return value
    wanted = name.lower()
    return next((value for key, value in properties.items() if key.lower() == wanted), default)
