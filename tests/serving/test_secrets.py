"""What a component's settings call secret reaches neither its caller nor the log of its process."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from pluggable import About, InitError, Metadata, StateStore, setting
from pluggable.errors import BulkError, NotFoundError
from pluggable.logs import CallFields, JSONFormatter, LineFormatter
from pluggable.state import DeleteRequest, GetRequest, GetResponse, SetRequest
from pluggable.transport import StatusError
from tests.serving.conftest import Opener

PASSWORD = "hunter2!"


@dataclass(frozen=True, slots=True)
class Settings:
    password: str = setting(secret=True, aliases=("pass",))
    fail: str = ""


class Store(StateStore):
    """Quotes its password in all it says."""

    about = About(settings=Settings)

    async def init(self, metadata: Metadata) -> None:
        self.settings = metadata.parse(Settings)
        if self.settings.fail == "refused":
            raise InitError(f"redis://:{self.settings.password}@host refuses")
        if self.settings.fail == "broken":
            raise RuntimeError(f"redis://:{self.settings.password}@host has no port")

    async def get(self, request: GetRequest) -> GetResponse | None:
        text = f"{request.key}: {self.settings.password} is not known"
        match request.key:
            case "bulk":
                raise BulkError({"k": NotFoundError(text)})
            case "broken":
                raise RuntimeError(text)
        raise NotFoundError(text)

    async def set(self, request: SetRequest) -> None: ...

    async def delete(self, request: DeleteRequest) -> None: ...


@pytest.mark.parametrize("name", ["password", "PASS"])
async def test_refused_init_hides_the_secret(opened: Opener, name: str) -> None:
    caller = await opened(Store)

    with pytest.raises(StatusError) as caught:
        await caller.init(fail="refused", **{name: PASSWORD})

    assert "redis://:(not shown)@host refuses" in caught.value.message
    assert PASSWORD.encode() not in caught.value.details


async def test_traceback_hides_the_secret(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caller = await opened(Store)

    with pytest.raises(StatusError, match="failed unexpectedly"):
        await caller.init(fail="broken", password=PASSWORD)

    assert "Init failed" in caplog.text
    assert "RuntimeError: redis://:(not shown)@host has no port" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("key", ["k", "bulk", "broken"])
async def test_later_failure_hides_the_secret(
    opened: Opener, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    caller = await opened(Store)
    await caller.init(password=PASSWORD)

    with pytest.raises(StatusError) as caught:
        await caller.get(key)

    assert PASSWORD not in caught.value.message + caplog.text
    assert PASSWORD.encode() not in caught.value.details
    assert "(not shown) is not known" in caught.value.message + caplog.text


async def test_every_sidecar_has_its_own_secret(opened: Opener) -> None:
    one = await opened(Store)
    other = one.other(client="other")
    await one.init(password=PASSWORD)
    await other.init(password="swordfish")

    for caller in (one, other):
        with pytest.raises(StatusError, match=r"k: \(not shown\) is not known"):
            await caller.get("k")


@pytest.mark.parametrize("formatter", [LineFormatter(), JSONFormatter()], ids=["lines", "json"])
async def test_whoever_logs_the_secret_it_is_hidden(opened: Opener, formatter: logging.Formatter) -> None:
    caller = await opened(Store)
    await caller.init(password=PASSWORD)
    said = logging.makeLogRecord(
        {"name": "driver", "levelno": 10, "levelname": "DEBUG", "msg": "PASS %s", "args": (PASSWORD,)}
    )
    CallFields().filter(said)

    line = formatter.format(said)

    assert "PASS (not shown)" in line
    assert PASSWORD not in line
