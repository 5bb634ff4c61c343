"""Calling applications through their sidecars: this one's, and others' over upstream's internal protocol."""

from __future__ import annotations

from .errors import (
    InvocationError as InvocationError,
    InvokeDeniedError as InvokeDeniedError,
    InvokeError as InvokeError,
    NoTargetError as NoTargetError,
    PeerError as PeerError,
)
from .names import Names as Names, Resolver as Resolver, UnknownAppError as UnknownAppError
from .values import Headers as Headers, Request as Request, Response as Response
