"""How long a message lives, as its publisher says it in metadata."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ...metadata import parse_duration
from ..errors import PublishMetadataError


def expiration(pubsub: str, metadata: Mapping[str, str]) -> str:
    """
    Return when the message expires (RFC 3339, UTC), empty for never.

    Source: components-contrib ``metadata/utils.go``: ``ttl``, else ``ttlInSeconds``, in any case.

    Raises:
        PublishMetadataError: the time to live is none.
    """
    if not metadata:
        return ""
    found = {key.lower(): value for key, value in metadata.items()}
    text = found.get("ttl") or found.get("ttlinseconds")
    if not text:
        return ""
    try:
        lifetime = parse_duration(text)
        if lifetime <= timedelta() and text.lstrip("+-").isdigit():
            raise ValueError("a whole number of seconds must be above 0")  # noqa: TRY301  one place words it
        when = datetime.now(UTC) + max(lifetime, timedelta())
    except (ValueError, OverflowError) as error:
        raise PublishMetadataError(pubsub, f"ttlInSeconds value is '{text}': {error}", metadata) from error
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
