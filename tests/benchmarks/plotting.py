"""The figures as a picture: CPU of a request, ours beside the peer's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .figures import OURS, Figure


def plot(found: Sequence[Figure], path: Path) -> None:
    """Write bars of the CPU of each work at its highest concurrency; the file's name says the format."""
    from matplotlib import pyplot  # it takes its time, and few want a picture

    highest = {each.work: max(f.at_once for f in found if f.work == each.work) for each in found}
    shown = [each for each in found if each.at_once == highest[each.work]]
    works = list(dict.fromkeys(each.work for each in shown))
    figure, axes = pyplot.subplots(figsize=(9, 0.7 * len(works) + 1.2), layout="constrained")
    for mine, shift in ((True, -0.2), (False, 0.2)):
        bars = [each for each in shown if (each.side == OURS) is mine]
        places = [works.index(each.work) + shift for each in bars]
        label = OURS if mine else " / ".join(dict.fromkeys(each.side for each in bars))
        drawn = axes.barh(places, [each.cpu_us for each in bars], height=0.38, label=label)
        axes.bar_label(drawn, fmt="%.0f", padding=3)
    axes.set_yticks(range(len(works)), [f"{work} ({highest[work]} at once)" for work in works])
    axes.invert_yaxis()
    axes.set_xlabel("CPU of a request, µs")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
