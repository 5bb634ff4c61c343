"""Properties of a component that the sidecar itself reads, whatever case they are written in."""

from __future__ import annotations

from collections.abc import Mapping


def property_of(properties: Mapping[str, str], name: str) -> str:
    """Return the property's value, or an empty text if it is not set."""
    if (value := properties.get(name)) is not None:
        return value
    wanted = name.lower()
    return next((value for key, value in properties.items() if key.lower() == wanted), "")


def truthy(value: str) -> bool:
    """Whether daprd takes the text as true (dapr/kit ``utils/strings.go``)."""
    return value.strip().lower() in {"y", "yes", "true", "t", "on", "1"}
