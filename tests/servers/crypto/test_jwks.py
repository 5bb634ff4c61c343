"""Keys of a set: written in place, in a file, and at an address, which is a real server on a socket."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from pluggable import Metadata
from pluggable.crypto import WrapKeyRequest
from pluggable.errors import InitError, NotFoundError
from pluggable_servers.crypto.fetched import FetchedSet
from pluggable_servers.crypto.jwks import JWKSVault, Settings
from tests.servers.vaults import key_set
from tests.web import listening


@dataclass(slots=True)
class Publisher:
    """A server that publishes a set of keys."""

    url: str = ""
    keys: str = ""
    status: int = 200
    seconds: float = 0.0
    asked: int = 0

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return web.Response(status=self.status, text=self.keys)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    found = Publisher(keys=key_set("aes256"))
    application = web.Application()
    application.router.add_get("/keys", found.answer)
    async with listening(application) as port:
        found.url = f"http://127.0.0.1:{port}/keys"
        yield found


@asynccontextmanager
async def opened(jwks: str, **settings: str) -> AsyncIterator[JWKSVault]:
    vault = JWKSVault()
    await vault.init(Metadata({"jwks": jwks, **settings}))
    try:
        yield vault
    finally:
        await vault.close()


async def has(vault: JWKSVault, name: str) -> bool:
    request = WrapKeyRequest(key=bytes(32), algorithm=f"A{name[3:]}KW", key_name=name)
    try:
        await vault.wrap_key(request)
    except NotFoundError:
        return False
    return True


def older(vault: JWKSVault) -> None:
    """Make the keys as old as they may become."""
    fetched = vault._keys
    assert isinstance(fetched, FetchedSet)
    fetched._fetched -= fetched._interval


@pytest.mark.parametrize("encode", [str.encode, lambda text: base64.b64encode(text.encode())])
async def test_set_is_written_in_place(encode: object) -> None:
    assert callable(encode)
    async with opened(encode(key_set("aes256", "aes128")).decode()) as vault:
        assert [await has(vault, name) for name in ("aes256", "aes128", "aes192")] == [True, True, False]


async def test_one_key_is_a_set() -> None:
    (key,) = json.loads(key_set("aes256"))["keys"]
    async with opened(json.dumps(key)) as vault:
        assert await has(vault, "aes256")


async def test_key_of_an_unknown_kind_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    keys = json.loads(key_set("aes256"))
    keys["keys"].insert(0, {"kty": "quantum", "kid": "future"})
    async with opened(json.dumps(keys)) as vault:
        assert await has(vault, "aes256")

    assert 'the key "future" is left out: kty is "quantum"' in caplog.text


@pytest.mark.parametrize("jwks", ["nothing", "{}x", '{"keys": 3}', "[]", "/no/such/file.json"])
async def test_what_is_no_set_is_refused(jwks: str) -> None:
    with pytest.raises(InitError, match="jwks is no set of keys: not an address") as caught:
        async with opened(jwks):
            pass

    assert jwks not in str(caught.value)


async def test_set_in_a_file_is_read_again_when_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(key_set("aes128"))
    async with opened(str(path)) as vault:
        replace(path, key_set("aes256"))
        assert [await has(vault, name) for name in ("aes256", "aes128")] == [True, False]

        replace(path, "no set")
        assert await has(vault, "aes256")
        assert "stay as they were: it is no JSON" in caplog.text

        path.unlink()
        assert await has(vault, "aes256")


def replace(path: Path, text: str) -> None:
    """Put another file in its place, as who publishes keys does."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text)
    os.replace(fresh, path)


async def test_fetched_set_is_kept_for_its_time(publisher: Publisher) -> None:
    async with opened(publisher.url) as vault:
        publisher.keys = key_set("aes128")
        assert [await has(vault, name) for name in ("aes256", "aes128")] == [True, False]

    assert publisher.asked == 1


async def test_missing_key_is_fetched_when_the_time_is_over(publisher: Publisher) -> None:
    async with opened(publisher.url) as vault:
        publisher.keys = key_set("aes128")
        older(vault)

        assert [await has(vault, name) for name in ("aes128", "aes256")] == [True, False]
    assert publisher.asked == 2


async def test_failed_fetch_leaves_the_keys(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(publisher.url, requestTimeout="300ms") as vault:
        publisher.status = 503
        older(vault)
        assert not await has(vault, "aes128")
        publisher.seconds = 5
        older(vault)
        assert not await has(vault, "aes128")

        assert await has(vault, "aes256")
    assert "fetching them failed: the answer has status 503, wanted 200" in caplog.text
    assert "fetching them failed: no answer within 0.3 s" in caplog.text


async def test_many_callers_fetch_once(publisher: Publisher) -> None:
    async with opened(publisher.url) as vault:
        publisher.keys = key_set("aes128")
        publisher.seconds = 0.1
        older(vault)

        assert all(await asyncio.gather(*(has(vault, "aes128") for _ in range(20))))
    assert publisher.asked == 2


@pytest.mark.parametrize(
    ("status", "keys", "reason"),
    [
        (404, "", "status 404"),
        (200, "<html>", "it is no JSON"),
        (200, " " * 4_200_000, "longer than 4194304"),
    ],
)
async def test_address_without_keys_is_refused(
    publisher: Publisher, status: int, keys: str, reason: str
) -> None:
    publisher.status, publisher.keys = status, keys

    with pytest.raises(InitError, match=f"jwks cannot be fetched: .*{reason}"):
        async with opened(publisher.url):
            pass


async def test_server_that_is_not_there_is_told() -> None:
    with pytest.raises(InitError, match="jwks cannot be fetched: Cannot connect"):
        async with opened("http://127.0.0.1:1/keys"):
            pass


def test_keys_in_settings_are_secret() -> None:
    settings = Metadata({"jwks": key_set("aes256")}).parse(Settings)

    assert json.loads(key_set("aes256"))["keys"][0]["k"] not in repr(settings)
