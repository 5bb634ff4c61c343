"""The table's rows for the invocation of applications (dapr: ``pkg/messages/predefined.go``)."""

from __future__ import annotations

from ....transport import Code
from ... import invocation
from ...errors import BlockError
from .row import Row

_CODE = "ERR_DIRECT_INVOKE"

INVOCATION_ROWS: dict[type[BlockError], Row] = {
    invocation.NoTargetError: Row(404, _CODE, Code.NOT_FOUND),
    invocation.InvokeError: Row(500, _CODE, Code.INTERNAL),
    invocation.PeerError: Row(500, _CODE, Code.INTERNAL),
    invocation.InvokeDeniedError: Row(403, _CODE, Code.INTERNAL),
}
