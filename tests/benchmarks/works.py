"""What is measured, of which processes, and how much it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .sides import BUNDLED, GO, SQLITE

#: Bytes of a value, unless said.
SIZE = 100


class Measure(Enum):
    """Which figure a budget is of."""

    CPU = "CPU-µs a request"
    RATE = "requests a second"
    P50 = "half of the requests, ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """
    What a work may cost at a concurrency, as a part of what it costs the peer in the same run.

    Of a rate it is what there must be, in requests a second.
    """

    most: float
    stretch: float | None = None
    measure: Measure = Measure.CPU
    at_once: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One kind of request to a sidecar."""

    name: str
    load: str
    """The load generator: ``http`` or ``grpc``."""
    operation: str
    store: str
    """The store that our sidecar is asked for."""
    peer_store: str
    """The one that daprd is."""
    budget: Budget | None = None
    with_component: bool = False
    """Whether the component counts: daprd has SQLite in itself."""
    at_once: tuple[int, ...] = (1, 16, 64)
    size: int = SIZE


def _go(name: str, load: str, operation: str, budget: Budget | None) -> Work:
    """Return a work on the Go SDK's component, behind both sidecars."""
    return Work(name=name, load=load, operation=operation, store=GO, peer_store=GO, budget=budget)


#: The parts are those of daprd's figures when the budgets were set: 149, 166 and 129 µs a request.
WORKS: tuple[Work, ...] = (
    _go("HTTP GET state", "http", "get", Budget(most=75 / 149)),
    Work(
        name="HTTP GET state, gathered",
        load="http",
        operation="get",
        store=BUNDLED,
        peer_store=GO,
        budget=Budget(most=75 / 149, stretch=50 / 149),
    ),
    _go("HTTP POST state", "http", "set", Budget(most=85 / 166, stretch=70 / 166)),
    _go("gRPC GetState", "grpc", "get", Budget(most=70 / 129)),
    Work(
        name="gRPC GetState, gathered",
        load="grpc",
        operation="get",
        store=BUNDLED,
        peer_store=GO,
        budget=Budget(most=70 / 129, stretch=45 / 129),
    ),
    _go("gRPC SaveState", "grpc", "set", None),
    Work(
        name="HTTP POST state.sqlite",
        load="http",
        operation="set",
        store=SQLITE,
        peer_store=SQLITE,
        with_component=True,
        budget=Budget(most=8000, measure=Measure.RATE),
    ),
    Work(
        name="HTTP GET state.sqlite",
        load="http",
        operation="get",
        store=SQLITE,
        peer_store=SQLITE,
        with_component=True,
        budget=Budget(most=130 / 275, stretch=90 / 275),
    ),
    Work(
        name="HTTP GET state, alone",
        load="http",
        operation="get",
        store=GO,
        peer_store=GO,
        at_once=(1,),
        budget=Budget(most=1.0, stretch=0.25 / 0.29, measure=Measure.P50, at_once=1),
    ),
)

#: A component's server, called by Go: what ours may cost of the Go SDK's.
CALLED = "component called by Go"
CALLED_AT_ONCE = (1, 16, 64)
CALLED_BUDGET = Budget(most=0.9, stretch=0.6)
