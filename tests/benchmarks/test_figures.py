from __future__ import annotations

from tests.benchmarks.figures import figures, table
from tests.benchmarks.measuring import Sample
from tests.benchmarks.works import WORKS, Measure


def sample(side: str, cpu_us: float, *, work: str = "HTTP GET state", requests: int = 1000) -> Sample:
    return Sample(
        work=work,
        side=side,
        at_once=64,
        size=100,
        requests=requests,
        failed=0,
        seconds=1.0,
        cpu_us=cpu_us,
        p50_ms=1.0,
        p99_ms=2.0,
    )


def test_median_of_the_rounds_counts() -> None:
    (figure,) = figures([sample("ours", cpu) for cpu in (50.0, 40.0, 900.0)])

    assert (figure.cpu_us, figure.ratio, figure.budget) == (50.0, None, "")


def test_ratio_is_to_the_peer_of_the_same_run() -> None:
    ours, peer = figures([sample("ours", 40.0), sample("daprd", 100.0)])

    assert (ours.ratio, peer.ratio) == (0.4, None)
    assert ours.budget == "0.40 of 0.50: met"


def test_budget_that_is_not_met_says_so() -> None:
    ours, _ = figures([sample("ours", 60.0), sample("daprd", 100.0)])

    assert ours.budget == "0.60 of 0.50: unmet"
    assert "unmet" in table([ours])


def test_rate_needs_no_peer() -> None:
    name = next(work.name for work in WORKS if work.budget and work.budget.measure is Measure.RATE)
    (figure,) = figures([sample("ours", 60.0, work=name, requests=9000)])

    assert figure.budget == "8000/s: met"
