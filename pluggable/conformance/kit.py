"""Puts a component through the checks, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from .. import transport
from ..errors import ComponentError, InvalidRequestError
from ..remote import Connection, RemoteComponent, list_services
from .blocks import BLOCKS, Block
from .check import Check, InapplicableError, ViolationError
from .profile import Profile
from .report import Outcome, Report, Result
from .target import Target

#: How long a socket may take to say what it serves.
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Subject:
    """One service of the component, initialised; or why it could not be."""

    block: Block
    service: str
    far_end: RemoteComponent
    failure: ComponentError | None


class Kit:
    """
    The checks for one component, as long as the ``async with`` lasts.

    Raises, when it is opened:
        UnavailableError: nobody answers at the address.
        TimedOutError: somebody is there and does not say what is served.
        UnsupportedError: the server has no reflection, without which no sidecar finds it either.
        InvalidRequestError: what is to be checked is not served.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.services: frozenset[str] = frozenset()
        self._stack = AsyncExitStack()
        self._subjects: list[_Subject] = []

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.services = await list_services(self.profile.address, ANSWER_SECONDS)
            self._channel = await stack.enter_async_context(transport.channel(self.profile.address))
            connection = Connection(
                self.profile.address,
                instance=self.profile.instance,
                client="",
                init_timeout=self.profile.wait_seconds,
            )
            self._connection = await stack.enter_async_context(connection)
            for block, service in self._wanted():
                self._subjects.append(await self._subject(block, service))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def claims(self) -> list[str]:
        """What the component says of itself: its services by their last names, and its features."""
        features = {feature for subject in self._subjects for feature in subject.far_end.features}
        return [*sorted(subject.service.rpartition(".")[2] for subject in self._subjects), *sorted(features)]

    @property
    def checks(self) -> list[Check]:
        """All checks for what is served, applicable or not."""
        found = {check.id: check for subject in self._subjects for check in subject.block.checks()}
        return list(found.values())

    async def run(self, check: Check) -> Result:
        """Put the component through one check, in bounded time."""
        if reason := self._skipped(check):
            return Result(check=check, outcome=Outcome.SKIPPED, text=reason)
        began = time.perf_counter()
        try:
            text = await self._tried(check)
        except InapplicableError as reason:
            return Result(check=check, outcome=Outcome.SKIPPED, text=str(reason))
        outcome = Outcome.FAILED if text else Outcome.PASSED
        return Result(check=check, outcome=outcome, text=text, seconds=time.perf_counter() - began)

    async def run_all(self, *, only: str = "", told: Callable[[Result], None] = lambda _: None) -> Report:
        """Run the checks whose id has ``only`` in it; ``told`` hears of each when it has ended."""
        results = []
        for check in self.checks:
            if only in check.id:
                results.append(await self.run(check))
                told(results[-1])
        return Report(address=self.profile.address, claims=self.claims, results=results)

    def _wanted(self) -> Iterator[tuple[Block, str]]:
        known = [block.name for block in BLOCKS]
        if unknown := [name for name in self.profile.blocks if name not in known]:
            raise InvalidRequestError(f"{', '.join(unknown)} is no block; known are {', '.join(known)}")
        found = [
            (block, service)
            for block in BLOCKS
            for service in block.far_ends
            if service in self.services and (not self.profile.blocks or block.name in self.profile.blocks)
        ]
        if not found:
            served = ", ".join(sorted(self.services)) or "nothing"
            raise InvalidRequestError(
                f"{self.profile.address} serves no {' or '.join(self.profile.blocks) or 'component'}, "
                f"but {served}"
            )
        yield from found

    async def _subject(self, block: Block, service: str) -> _Subject:
        far_end = block.far_ends[service](self._connection)
        try:
            async with asyncio.timeout(self.profile.wait_seconds + ANSWER_SECONDS):
                await far_end.init(self.profile.metadata())
        except ComponentError as error:
            return _Subject(block, service, far_end, error)
        return _Subject(block, service, far_end, None)

    def _of(self, check: Check) -> list[_Subject]:
        return [subject for subject in self._subjects if subject.block.name == check.block]

    def _skipped(self, check: Check) -> str:
        """Return why a check does not apply, empty if it does."""
        claims = [*self.claims, *(service.rpartition(".")[2] for service in self.services)]
        if check.needs and check.needs not in claims:
            return f"{check.needs} is not claimed"
        if check.lacks and check.lacks in claims:
            return f"{check.lacks} is claimed"
        failed = [subject.failure for subject in self._of(check) if subject.failure is not None]
        return f"Init failed: {failed[0]}" if failed and check.name != "init-is-answered" else ""

    async def _tried(self, check: Check) -> str:
        """Return what is wrong, empty if nothing is."""
        subjects = self._of(check)
        if failed := [subject.failure for subject in subjects if subject.failure is not None]:
            return f"Init is refused: {failed[0]}"
        target = Target(
            self.profile,
            service=subjects[0].service,
            services=self.services,
            connection=self._connection,
            channel=self._channel,
            far_ends={type(subject.far_end): subject.far_end for subject in subjects},
        )
        try:
            async with asyncio.timeout(check.seconds), target:
                await check.run(target)
        except ViolationError as violation:
            return str(violation)
        except TimeoutError:
            return f"found no end within {check.seconds:g} s; the component does not answer"
        except ComponentError as error:
            return f"a call that must pass failed with {error.code.name}: {error}{await self._alive()}"
        return ""

    async def _alive(self) -> str:
        try:
            await list_services(self.profile.address, ANSWER_SECONDS)
        except ComponentError as error:
            return f"; the component is not there any more: {error}"
        return ""
