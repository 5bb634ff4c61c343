"""What may be sent: the form of metadata, and the size of messages."""

from __future__ import annotations

import re

from .calls import Pairs
from .status import Code, StatusError

#: The trailer that carries a serialized ``google.rpc.Status``.
STATUS_DETAILS = "grpc-status-details-bin"

Metadata = tuple[tuple[str, str | bytes], ...]

_NAME = re.compile(r"[0-9a-z_.-]+")
_TEXT = re.compile(r"([!-~]([ -~]*[!-~])?)?")


def checked(metadata: Pairs) -> Metadata:
    """
    Return metadata that can be sent.

    Raises:
        StatusError: ``INTERNAL``, a name or value cannot be.
    """
    for name, value in metadata:
        if not _NAME.fullmatch(name):
            fault = "names are of lower-case letters, digits and _ . -"
        elif isinstance(value, bytes) != name.endswith("-bin"):
            fault = "bytes go under a name that ends in -bin, and nothing else does"
        elif isinstance(value, str) and not _TEXT.fullmatch(value):
            fault = "text is printable ASCII, and neither begins nor ends with a space"
        else:
            continue
        raise StatusError(Code.INTERNAL, f"metadata {name!r}: {value!r} cannot be sent: {fault}")
    return tuple(metadata)


def check_size(message: bytes, limit: int | None) -> None:
    """
    Refuse a message over the bound for sending.

    Raises:
        StatusError: ``RESOURCE_EXHAUSTED``, with both sizes.
    """
    if limit is not None and len(message) > limit:
        raise StatusError(
            Code.RESOURCE_EXHAUSTED, f"the message has {len(message)} bytes, at most {limit} may be sent"
        )
