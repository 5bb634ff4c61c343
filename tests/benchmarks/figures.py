"""Figures of a run: the median of each, beside the peer's, and whether a budget is met."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .measuring import Sample
from .works import CALLED, CALLED_BUDGET, WORKS, Budget, Measure

OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One work at one concurrency on one side: medians of its rounds."""

    work: str
    side: str
    at_once: int
    size: int
    cpu_us: float
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int
    ratio: float | None
    """Our CPU as a part of the peer's; ``None`` for the peer, and without one."""
    budget: str
    """What was wanted, and whether it is so; empty where nothing was."""


def figures(samples: Iterable[Sample]) -> list[Figure]:
    """Return the figures, ours before the peer's."""
    found: dict[tuple[str, int, int], dict[str, list[Sample]]] = {}
    for sample in samples:
        place = found.setdefault((sample.work, sample.at_once, sample.size), {})
        place.setdefault(sample.side, []).append(sample)
    return [figure for sides in found.values() for figure in _beside(sides)]


def _beside(sides: Mapping[str, list[Sample]]) -> Iterator[Figure]:
    peers = [rounds for side, rounds in sides.items() if side != OURS]
    peer = _median(peers[0]) if peers else None
    for side, rounds in sides.items():
        first, median = rounds[0], _median(rounds)
        mine = side == OURS
        yield Figure(
            work=first.work,
            side=side,
            at_once=first.at_once,
            size=first.size,
            cpu_us=round(median[Measure.CPU], 1),
            rate=round(median[Measure.RATE]),
            p50_ms=round(median[Measure.P50], 3),
            p99_ms=round(statistics.median(each.p99_ms for each in rounds), 3),
            failed=sum(each.failed for each in rounds),
            ratio=round(median[Measure.CPU] / peer[Measure.CPU], 2) if mine and peer else None,
            budget=_judged(_budget(first), median, peer, first.at_once) if mine else "",
        )


def _median(rounds: Sequence[Sample]) -> dict[Measure, float]:
    return {
        Measure.CPU: statistics.median(each.cpu_us for each in rounds),
        Measure.RATE: statistics.median(each.rate for each in rounds),
        Measure.P50: statistics.median(each.p50_ms for each in rounds),
    }


def _budget(sample: Sample) -> Budget | None:
    if sample.work.startswith(CALLED):
        return CALLED_BUDGET
    return next((work.budget for work in WORKS if work.name == sample.work), None)


def _judged(
    budget: Budget | None, mine: Mapping[Measure, float], peer: Mapping[Measure, float] | None, at_once: int
) -> str:
    """Say what was wanted, and whether it is so; a part of a peer's figure needs the peer."""
    if budget is None or budget.at_once != at_once:
        return ""
    found = mine[budget.measure]
    if budget.measure is Measure.RATE:
        return f"{budget.most:g}/s: {'met' if found >= budget.most else 'unmet'}"
    if peer is None:
        return ""
    part = found / peer[budget.measure]
    said = f"{part:.2f} of {budget.most:.2f}: {'met' if part <= budget.most else 'unmet'}"
    if budget.stretch is not None:
        said += f"; stretch {budget.stretch:.2f}: {'met' if part <= budget.stretch else 'unmet'}"
    return said


def table(found: Iterable[Figure]) -> str:
    """Return the figures as a reader wants them."""
    head = (
        f"{'work':30} {'side':7}{'at once':>8}{'bytes':>9}{'CPU µs':>9}{'req/s':>9}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'ratio':>7}  budget"
    )
    lines = [head]
    for each in found:
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        failed = f"  {each.failed} failed" if each.failed else ""
        lines.append(
            f"{each.work:30} {each.side:7}{each.at_once:8}{each.size:9}{each.cpu_us:9.1f}{each.rate:9.0f}"
            f"{each.p50_ms:9.3f}{each.p99_ms:9.3f}{ratio:>7}  {each.budget}{failed}".rstrip()
        )
    return "\n".join(lines) + "\n"
