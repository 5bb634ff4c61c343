"""Changes of settings, told to applications over either protocol."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable.runtime.appchannel import AppAnswerError, AppError, AppUnreachableError, NoApp
from pluggable.runtime.config import RuntimeConfig
from pluggable.transport import Code, StatusError
from tests.runtime.appchannel.apps import App
from tests.runtime.appchannel.grpcapps import GRPCApp, always

EVENT = b'{"id":"1","items":{"a b":{"value":"2"}}}'


async def test_setting_is_posted_to_its_path() -> None:
    app = App(status=204, app_api_token="secret")
    async with app.channel() as channel:
        await channel.setting_changed("my store", "a b/c", EVENT)

    [(method, path, headers, body)] = app.requests
    assert (method, path, body) == ("POST", "/configuration/my%20store/a%20b/c", EVENT)
    assert (headers["content-type"], headers["dapr-api-token"]) == ("application/json", "secret")


async def test_application_that_fails_on_a_setting_is_an_error() -> None:
    async with App(status=500, body="no").channel() as channel:
        with pytest.raises(AppAnswerError, match="status 500, body: no"):
            await channel.setting_changed("s", "a", EVENT)


async def test_grpc_application_is_invoked_with_a_setting() -> None:
    app = GRPCApp(OnInvoke=always(common.InvokeResponse()))
    async with app.channel(app_api_token="secret") as channel:
        await channel.setting_changed("s", "a", EVENT)

    [(_, request, metadata)] = app.calls
    assert (request.method, request.data.value) == ("/configuration/s/a", EVENT)
    assert request.content_type == "application/json"
    assert request.http_extension.verb == common.HTTPExtension.POST
    assert metadata["dapr-api-token"] == "secret"


async def test_grpc_application_that_fails_on_a_setting_is_an_error() -> None:
    async def fail(_: object) -> common.InvokeResponse:
        raise StatusError(Code.INTERNAL, "no")

    async with GRPCApp(OnInvoke=fail).channel() as channel:
        with pytest.raises(AppError, match="OnInvoke: INTERNAL: no"):
            await channel.setting_changed("s", "a", EVENT)


async def test_without_an_application_nobody_hears() -> None:
    with pytest.raises(AppUnreachableError, match="there is no application"):
        await NoApp(RuntimeConfig(app_id="shop")).setting_changed("s", "a", EVENT)
