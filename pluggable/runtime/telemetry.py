"""Metrics: counters and gauges under Dapr's own names, as Prometheus' text format 0.0.4 shows them."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATM = Path("/proc/self/statm")


class Counter:
    """A number that only grows, bound to its labels."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: int = 0

    def add(self, amount: int = 1) -> None:
        """Count."""
        self.value += amount


class Counters:
    """Counters of one name, by their labels; some are the same for all, such as the application's id."""

    def __init__(self, name: str, description: str, fixed: dict[str, str]) -> None:
        self.name = name
        self.description = description
        self._fixed = fixed
        self._bound: dict[str, Counter] = {}

    def of(self, **labels: str) -> Counter:
        """Return the counter with these labels. Look it up once and keep it: this builds a text each time."""
        return self._bound.setdefault(_labels({**self._fixed, **labels}), Counter())

    def lines(self) -> list[str]:
        """Return the samples as text."""
        return [f"{self.name}{labels} {counter.value}" for labels, counter in self._bound.items()]


class ErrorCodes:
    """Counts what callers were told, by Dapr's error code and its category."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._bound: dict[tuple[str, str], Counter] = {}

    def add(self, code: str, category: str) -> None:
        """Count one error."""
        counter = self._bound.get((code, category))
        if counter is None:
            counter = self._counters.of(error_code=code, category=category)
            self._bound[code, category] = counter
        counter.add()


class Telemetry:
    """Every metric of one sidecar; error codes are counted only if wanted."""

    def __init__(self, app_id: str, *, error_codes: bool = False) -> None:
        self._app_id = app_id
        self._counters: list[Counters] = []
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []
        self.http_requests: Counters = self.counters(
            "dapr_http_server_request_count", "Number of HTTP requests that the API has answered."
        )
        self.grpc_calls: Counters = self.counters(
            "dapr_grpc_io_server_completed_rpcs", "Number of gRPC calls that the API has answered."
        )
        self.errors: ErrorCodes | None = None
        if error_codes:
            family = self.counters(
                "dapr_error_code_total", "Number of errors that callers were told, by code."
            )
            self.errors = ErrorCodes(family)
        self.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident_bytes)

    def counters(self, name: str, description: str) -> Counters:
        """Add a family of counters that carry the application's id."""
        family = Counters(name, description, {"app_id": self._app_id})
        self._counters.append(family)
        return family

    def gauge(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Add a number that is asked for when somebody looks."""
        self._gauges.append((name, description, value))

    def render(self) -> str:
        """Return all metrics as text."""
        lines: list[str] = []
        for family in self._counters:
            if samples := family.lines():
                lines += _head(family.name, family.description, "counter") + samples
        for name, description, value in self._gauges:
            lines += _head(name, description, "gauge")
            lines.append(f"{name} {value()!r}")
        return "\n".join(lines) + "\n"


def resident_bytes() -> float:
    """Return how much memory this process has in RAM; the most it ever had, where only that is told."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _head(name: str, description: str, kind: str) -> list[str]:
    return [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]


def _labels(labels: dict[str, str]) -> str:
    """Return labels in alphabetical order: upstream's tests read them in the order of the text."""
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
