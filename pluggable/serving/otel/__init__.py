"""Spans and metrics of components by OpenTelemetry, which the extra ``otel`` installs."""

from __future__ import annotations

from .observer import OpenTelemetry as OpenTelemetry
