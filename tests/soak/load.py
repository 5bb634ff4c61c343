"""The load of the soak: each worker uses one building block, and looks at every answer."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import aiohttp

from tests.soak.ledger import Ledger

#: Values differ in size, a few of them much.
SIZES = (10, 100, 1000, 10_000, 300_000)
WEIGHTS = (30, 30, 30, 9, 1)
KEYS = 50
SECRETS = {"password": "hidden", "other": "text"}


class Wrong(Exception):  # noqa: N818  what is found, not what is raised for
    """An answer that is not what it must be."""


class Load:
    """Makes calls over HTTP, as many kinds as there are workers."""

    def __init__(self, session: aiohttp.ClientSession, url: str, ledger: Ledger, app_id: str) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: list[str] = []
        self._session = session
        self._url = url
        self._ledger = ledger
        self._app_id = app_id

    @property
    def workers(self) -> dict[str, Callable[[int], Awaitable[None]]]:
        """What can be done, by name; each with the number of who does it, for names of its own."""
        return {
            "state": self.state,
            "publish": self.publish,
            "publish many": self.publish_many,
            "binding": self.binding,
            "secret": self.secret,
            "invoke": self.invoke,
            "mistakes": self.mistakes,
        }

    async def state(self, worker: int) -> None:
        """Save a value, and read it back; sometimes delete it."""
        key, value = f"{worker}-{random.randrange(KEYS)}", text()
        body = [{"key": key, "value": value}]
        await self._wanted(204, "POST", "/v1.0/state/store", json=body)
        found = await self._wanted(200, "GET", f"/v1.0/state/store/{key}")
        if json.loads(found) != value:
            raise Wrong(f"{key} was stored otherwise")
        if random.random() < 0.2:
            await self._wanted(204, "DELETE", f"/v1.0/state/store/{key}")
            await self._wanted(204, "GET", f"/v1.0/state/store/{key}")

    async def publish(self, _: int) -> None:
        """Publish a numbered message."""
        number = self._ledger.begin()
        await self._wanted(
            204, "POST", "/v1.0/publish/events/numbers", json={"number": number, "text": text()}
        )
        self._ledger.taken.add(number)

    async def publish_many(self, _: int) -> None:
        """Publish numbered messages in one request."""
        numbers = [self._ledger.begin() for _ in range(10)]
        entries = [
            {"entryId": str(number), "event": {"number": number}, "contentType": "application/json"}
            for number in numbers
        ]
        await self._wanted(204, "POST", "/v1.0/publish/bulk/events/numbers", json=entries)
        self._ledger.taken.update(numbers)

    async def binding(self, worker: int) -> None:
        """Write a file, read and remove it."""
        name, data = {"fileName": f"file-{worker}"}, f"!{text()}"  # what is base64 would be decoded
        for operation, told in (("create", data), ("get", None), ("delete", None)):
            body = {"operation": operation, "metadata": name, "data": told}
            found = await self._wanted((200, 204), "POST", "/v1.0/bindings/files", json=body)
            if operation == "get" and data.encode() not in found:
                raise Wrong("a file has other data than were written")

    async def secret(self, _: int) -> None:
        """Read a secret."""
        name = random.choice(list(SECRETS))
        found = await self._wanted(200, "GET", f"/v1.0/secrets/vault/{name}")
        if json.loads(found) != {name: SECRETS[name]}:
            raise Wrong(f"the secret {name} is {found!r}")

    async def invoke(self, _: int) -> None:
        """Call the application through its sidecar."""
        data = text().encode()
        path = f"/v1.0/invoke/{self._app_id}/method/echo"
        if await self._wanted(200, "POST", path, data=data) != data:
            raise Wrong("the application's answer came back otherwise")

    async def mistakes(self, _: int) -> None:
        """Ask for what cannot be."""
        await self._wanted(400, "POST", "/v1.0/state/store", data=b"{")
        await self._wanted(400, "GET", "/v1.0/state/none/key")
        await self._wanted(404, "POST", "/v1.0/publish/none/topic", data=b"x")

    async def _wanted(self, wanted: int | tuple[int, ...], method: str, path: str, **body: object) -> bytes:
        """Make a call and return its answer's body."""
        async with self._session.request(method, self._url + path, **body) as answer:  # type: ignore[arg-type]
            found = await answer.read()
        if answer.status not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            raise Wrong(f"{method} {path}: {answer.status} {found[:200]!r}")
        return found


def text() -> str:
    """Return a text of some length."""
    return random.choice("abcdefgh") * random.choices(SIZES, WEIGHTS)[0]
