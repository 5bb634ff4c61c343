"""Pages of other origins, as browsers ask for them."""

from __future__ import annotations

import pytest

from pluggable.runtime.config import RuntimeConfig
from tests.runtime.api.conftest import Answer, Sidecar, Sidecars

ASKING = {"Origin": "http://shop.example", "Access-Control-Request-Method": "PUT"}


async def open_to(sidecars: Sidecars, origins: str | None, token: str = "") -> Sidecar:
    return await sidecars.open(
        config=RuntimeConfig(app_id="app", allowed_origins=origins, dapr_api_token=token)
    )


def allowed(answer: Answer) -> str | None:
    return answer.headers.get("access-control-allow-origin")


@pytest.mark.parametrize("origins", [None, ""])
async def test_nothing_is_said_unless_origins_are_named(sidecars: Sidecars, origins: str | None) -> None:
    sidecar = await open_to(sidecars, origins)

    asked = await sidecar.call("OPTIONS", "/v1.0/metadata", headers=ASKING)
    told = await sidecar.call("GET", "/v1.0/metadata", headers={"Origin": "http://shop.example"})

    assert (asked.status, told.status) == (404, 200)
    for answer in (asked, told):
        assert not {"vary", "access-control-allow-origin"} & answer.headers.keys()


async def test_preflight_says_what_is_allowed(sidecars: Sidecars) -> None:
    sidecar = await open_to(sidecars, "*")
    headers = {**ASKING, "Access-Control-Request-Headers": "content-type, X-TOKEN"}

    answer = await sidecar.call("OPTIONS", "/v1.0/metadata/k", headers=headers)

    assert (answer.status, answer.body, allowed(answer)) == (200, b"", "*")
    assert answer.headers["access-control-allow-methods"] == "PUT"
    assert answer.headers["access-control-allow-headers"] == "Content-Type, X-Token"
    assert "vary" in answer.headers


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("http://shop.example", "http://shop.example"),
        ("HTTP://SHOP.EXAMPLE", "HTTP://SHOP.EXAMPLE"),
        ("https://a.b.example", "https://a.b.example"),
        ("https://example", None),
        ("http://shop.example.evil", None),
        ("", None),
    ],
)
async def test_origins_are_allowed_by_name(sidecars: Sidecars, origin: str, told: str | None) -> None:
    sidecar = await open_to(sidecars, "http://shop.example, https://*.example")
    headers = {"Origin": origin} if origin else {}

    asked = await sidecar.call("OPTIONS", "/v1.0/metadata", headers={**ASKING, "Origin": origin})
    got = await sidecar.call("GET", "/v1.0/metadata", headers=headers)

    assert (asked.status, got.status) == (200, 200)
    assert (allowed(asked), allowed(got)) == (told, told)
    assert got.headers["vary"] == "Origin"


async def test_method_that_is_not_allowed_is_not_told(sidecars: Sidecars) -> None:
    sidecar = await open_to(sidecars, "*")

    answer = await sidecar.call(
        "OPTIONS", "/v1.0/metadata", headers={**ASKING, "Access-Control-Request-Method": "TRACE"}
    )

    assert (answer.status, allowed(answer)) == (200, None)


async def test_preflight_needs_no_token(sidecars: Sidecars) -> None:
    sidecar = await open_to(sidecars, "*", "secret")

    assert (await sidecar.call("OPTIONS", "/v1.0/metadata", headers=ASKING)).status == 200
    refused = await sidecar.call("GET", "/v1.0/metadata", headers={"Origin": "http://x"})
    assert (refused.status, allowed(refused)) == (401, "*")


async def test_token_is_asked_for_before_a_path_is_looked_for(sidecars: Sidecars) -> None:
    sidecar = await open_to(sidecars, None, "secret")

    for headers in ({}, {"dapr-api-token": "wrong"}):
        assert (await sidecar.call("GET", "/no/such/path", headers=headers)).status == 401
        assert (await sidecar.call("OPTIONS", "/v1.0/metadata", headers=headers)).status == 401
    assert (await sidecar.call("GET", "/no/such/path", headers={"dapr-api-token": "secret"})).status == 404
