"""
Times to live, as state requests carry them and as answers show them.

Facts: components-contrib ``state/utils/ttl.go``, ``state/responses.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pluggable.errors import InvalidRequestError

_TTL: Final = "ttlInSeconds"
_HIGHEST: Final = 2**31 - 1


def seconds_to_live(metadata: Mapping[str, str], *, lowest: int | None = None) -> int | None:
    """
    Return what ``ttlInSeconds`` says, ``None`` where the request has none; nothing above zero means for ever.

    Raises:
        InvalidRequestError: it is no integer, or out of bounds.
    """
    text = metadata.get(_TTL)
    if not text:
        return None
    try:
        seconds = int(text)
    except ValueError as error:
        raise _refused(text, lowest) from error
    if seconds > _HIGHEST or (lowest is not None and seconds < lowest):
        raise _refused(text, lowest)
    return seconds


def shown(expires: datetime) -> dict[str, str]:
    """Return the metadata of an answer whose value will expire."""
    return {"ttlExpireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _refused(text: str, lowest: int | None) -> InvalidRequestError:
    bounds = f"up to {_HIGHEST}" if lowest is None else f"from {lowest} to {_HIGHEST}"
    return InvalidRequestError(
        f"incorrect value for metadata '{_TTL}': it is \"{text}\", wanted an integer {bounds}"
    )
