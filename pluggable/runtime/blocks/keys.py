"""Keys as a store keeps them: under the prefix that its component asks for."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import RuntimeConfig
from .properties import property_of

SEPARATOR = "||"


def key_prefix(name: str, properties: Mapping[str, str], config: RuntimeConfig) -> str | None:
    """
    Return what stands before the separator in this store's keys, ``None`` for bare keys.

    A strategy that is written and empty puts nothing before the separator, as with daprd. Source: dapr/dapr
    ``pkg/components/state/state_config.go``.
    """
    strategy = property_of(properties, "keyPrefix", default="appid").lower()
    match strategy:
        case "appid":
            return config.app_id or None
        case "name":
            return name
        case "namespace":
            return ".".join(filter(None, (config.namespace, config.app_id))) if config.app_id else None
        case "none":
            return None
    return strategy


def original_key(key: str) -> str:
    """Return the application's key for a store's: the second of the parts, where there are several."""
    parts = key.split(SEPARATOR, 2)
    return parts[1] if len(parts) > 1 else key
