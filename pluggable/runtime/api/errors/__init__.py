"""Errors of the blocks at the border: the one table, and what each protocol's callers are told by it."""

from __future__ import annotations

from .answers import (
    Answer as Answer,
    category as category,
    grpc_answer as grpc_answer,
    http_answer as http_answer,
)
from .row import Row as Row
from .table import TABLE as TABLE
