"""Runs the works: all sides at once, each work on one side after the other, several times."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from .measuring import Loader, Sample, loader, python_load
from .processes import MEASURED_CORE
from .sides import GO, SERVED, Side, daprd, go_component, ours, served
from .works import CALLED, CALLED_AT_ONCE, SIZE, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, how often, and with which programs."""

    rounds: int
    seconds: float
    go_component: Path
    go_caller: Path
    daprd: Path | None


@asynccontextmanager
async def sidecars(plan: Plan, folder: Path) -> AsyncIterator[list[Side]]:
    """Run our sidecar, and daprd if there is one, over the same component on a socket."""
    sockets = folder / "sockets"
    sockets.mkdir()
    async with AsyncExitStack() as stack:
        stranger = await stack.enter_async_context(go_component(plan.go_component, sockets))
        sides = [await stack.enter_async_context(ours(folder, sockets, [stranger]))]
        if plan.daprd is not None:
            peer = daprd(plan.daprd, folder, sockets, [stranger])
            sides.append(await stack.enter_async_context(peer))
        yield sides


async def sidecar_samples(plan: Plan, sides: Sequence[Side], works: Iterable[Work]) -> list[Sample]:
    """Measure what the works cost the sidecars."""
    samples = []
    for work in works:
        for at_once in work.at_once:
            async with AsyncExitStack() as stack:
                loads = []
                for side in sides:
                    side.restrict(apart=True)
                    load = await stack.enter_async_context(_load(side, work, at_once))
                    loads.append((load, [side.sidecar, *(side.components if work.with_component else ())]))
                samples += await _alternating(plan, loads)
    return samples


async def component_samples(plan: Plan, folder: Path) -> list[Sample]:
    """Measure what calls by Go cost our component's server and the Go SDK's."""
    samples = []
    sockets = folder / "called"
    sockets.mkdir()
    async with (
        go_component(plan.go_component, sockets, MEASURED_CORE) as theirs,
        served(sockets, MEASURED_CORE) as mine,
    ):
        for operation in ("get", "set"):
            for at_once in CALLED_AT_ONCE:
                async with AsyncExitStack() as stack:
                    loads = []
                    for side, name, pid in (("ours", SERVED, mine), ("Go SDK", GO, theirs)):
                        command = (str(plan.go_caller), str(sockets / f"{name}.sock"), operation)
                        work = f"{CALLED}, {operation}"
                        started = loader(*command, work=work, side=side, at_once=at_once, size=SIZE)
                        loads.append((await stack.enter_async_context(started), [pid]))
                    samples += await _alternating(plan, loads)
    return samples


def _load(side: Side, work: Work, at_once: int) -> AbstractAsyncContextManager[Loader]:
    port = side.http_port if work.load == "http" else side.grpc_port
    store = work.store if side.name == "ours" else work.peer_store
    command = python_load(work.load, port, store, work.operation)
    return loader(*command, work=work.name, side=side.name, at_once=at_once, size=work.size)


async def _alternating(plan: Plan, loads: Sequence[tuple[Loader, Sequence[int]]]) -> list[Sample]:
    samples = []
    for _ in range(plan.rounds):
        for load, pids in loads:
            samples.append(await load.sample(plan.seconds, pids))
            sys.stderr.write(".")
            sys.stderr.flush()
    return samples
