"""Exception → (HTTP status, Dapr code, gRPC status, reason): the one table, a file for each part of it."""

from __future__ import annotations

from ...errors import BlockError
from .common import COMMON_ROWS
from .controlplane import CONTROL_PLANE_ROWS
from .further import FURTHER_ROWS
from .invocation import INVOCATION_ROWS
from .publishing import PUBLISHING_ROWS
from .row import Row
from .state import STATE_ROWS

TABLE: dict[type[BlockError], Row] = {
    **COMMON_ROWS,
    **STATE_ROWS,
    **PUBLISHING_ROWS,
    **FURTHER_ROWS,
    **CONTROL_PLANE_ROWS,
    **INVOCATION_ROWS,
}
