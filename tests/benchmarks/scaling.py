"""How cost grows: with what is asked at once, with the size of values, and with the number of components."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from .measuring import Sample
from .processes import MEBIBYTE, pss
from .running import Plan, sidecar_samples
from .sides import BUNDLED, GO, Side, ours
from .works import Work

AT_ONCE = (1, 16, 64, 256, 1024)
SIZES = (100, 10_000, 1_000_000)
COMPONENTS = (10, 100, 1000)
NAME = "growth"


def _works() -> list[Work]:
    many = [
        Work(name=f"{NAME}: GET", load="http", operation="get", store=GO, peer_store=GO, at_once=AT_ONCE),
        Work(
            name=f"{NAME}: GET gathered",
            load="http",
            operation="get",
            store=BUNDLED,
            peer_store=GO,
            at_once=AT_ONCE,
        ),
    ]
    sized = [
        Work(
            name=f"{NAME}: {operation}, {size} bytes",
            load="http",
            operation=operation,
            store=GO,
            peer_store=GO,
            at_once=(16,),
            size=size,
        )
        for operation in ("get", "set")
        for size in SIZES
    ]
    return many + sized


async def growth_samples(plan: Plan, sides: Sequence[Side]) -> list[Sample]:
    """Measure the same work at more at once, and with larger values."""
    return await sidecar_samples(plan, sides, _works())


async def component_growth(plan: Plan, folder: Path) -> tuple[list[Sample], list[str]]:
    """Measure the same work beside more components; the lines tell of start and memory."""
    samples, lines = [], []
    for number in COMPONENTS:
        place = folder / f"components-{number}"
        (place / "sockets").mkdir(parents=True)
        began = time.perf_counter()
        async with ours(place, place / "sockets", [], more=number - 2) as side:
            seconds = time.perf_counter() - began
            size = sum(map(pss, [side.sidecar, *side.components])) / MEBIBYTE
            lines.append(f"{number:5} components: {seconds:.2f} s to start, {size:.0f} MiB of all processes")
            work = Work(
                name=f"{NAME}: GET beside {number}",
                load="http",
                operation="get",
                store=BUNDLED,
                peer_store=BUNDLED,
                at_once=(16,),
            )
            samples += await sidecar_samples(plan, [side], [work])
    return samples, lines
