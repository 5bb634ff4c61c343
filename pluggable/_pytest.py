"""
pytest items: ``pytest --pluggable-socket PATH`` puts the component on a socket through the checks.

Loaded by every pytest in an environment that has this package, so it imports nothing until it is asked.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .conformance import Check, Kit

_SUITE: Final = pytest.StashKey["Suite"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says which component is checked, and how."""
    group = parser.getgroup("pluggable", "conformance of a Dapr component")
    group.addoption("--pluggable-socket", metavar="PATH", help="check the component on this socket")
    group.addoption("--pluggable-profile", metavar="FILE", help="a TOML file with what cannot be asked")
    group.addoption(
        "--pluggable-property",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what stands under spec.metadata; may be repeated",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add an item for each check of what the socket serves."""
    if path := config.getoption("--pluggable-socket"):
        suite = config.stash[_SUITE] = Suite(config, Path(path))
        parent = Socket.from_parent(session, name=f"pluggable:{path}", nodeid=f"pluggable:{path}")
        items += [Item.from_parent(parent, name=check.id, check=check, suite=suite) for check in suite.checks]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take leave of the component."""
    if suite := config.stash.get(_SUITE, None):
        suite.close()


class Suite:
    """The kit on a loop of its own, for all items of a run."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        from .conformance import Kit, Profile
        from .errors import ComponentError

        self._runner = asyncio.Runner()
        try:
            profile = Profile.given(
                path,
                file=config.getoption("--pluggable-profile"),
                words=config.getoption("--pluggable-property"),
            )
            self.kit: Kit = self._runner.run(Kit(profile).__aenter__())
        except (ComponentError, ValueError, OSError) as error:
            self._runner.close()
            raise pytest.UsageError(f"--pluggable-socket: {error}") from error

    @property
    def checks(self) -> list[Check]:
        """The checks for what is served."""
        return self.kit.checks

    def run(self, check: Check) -> None:
        """Run one, and tell pytest what became of it."""
        from .conformance import Outcome

        result = self._runner.run(self.kit.run(check))
        if result.outcome is Outcome.SKIPPED:
            pytest.skip(result.text)
        if result.outcome is Outcome.FAILED:
            pytest.fail(f"{result.text}\nrule: {check.rule}", pytrace=False)

    def close(self) -> None:
        """End the connection, and the loop."""
        self._runner.run(self.kit.__aexit__(None, None, None))
        self._runner.close()


class Socket(pytest.Collector):
    """What the items stand under."""

    def collect(self) -> list[pytest.Item]:
        return []


class Item(pytest.Item):
    """One check."""

    def __init__(self, *, check: Check, suite: Suite, **named: object) -> None:
        super().__init__(**named)  # type: ignore[arg-type]
        self._check = check
        self._suite = suite

    def runtest(self) -> None:
        self._suite.run(self._check)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name
