"""Keys as a store keeps them: under the prefix that its component asks for."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import RuntimeConfig
from .properties import property_of

SEPARATOR = "||"


def key_prefix(name: str, properties: Mapping[str, str], config: RuntimeConfig) -> str:
    """
    Return what stands before the separator in this store's keys, empty for bare keys.

    Source: dapr/dapr ``pkg/components/state/state_config.go``.
    """
    strategy = property_of(properties, "keyPrefix").lower()
    match strategy:
        case "" | "appid":
            return config.app_id
        case "name":
            return name
        case "namespace":
            return (
                f"{config.namespace}.{config.app_id}" if config.namespace and config.app_id else config.app_id
            )
        case "none":
            return ""
    return strategy


def original_key(key: str) -> str:
    """Return the application's key for a store's: the second of the parts, where there are several."""
    parts = key.split(SEPARATOR, 2)
    return parts[1] if len(parts) > 1 else key
