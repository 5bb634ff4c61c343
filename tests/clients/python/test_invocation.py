"""An application called through its sidecar, by Dapr's Python client."""

from __future__ import annotations

import pytest

from tests.clients.python.conftest import CALLEE
from tests.clients.python.speaking import Client


async def test_application_is_called_over_http(dapr: Client) -> None:
    answer = await dapr.call(
        "invoke_method",
        CALLEE,
        "echo",
        b'{"n": 1}',
        content_type="application/json",
        http_verb="PUT",
        http_querystring=(("a", "b c"),),
    )

    assert answer.json() == {
        "method": "PUT",
        "query": {"a": "b c"},
        "type": "application/json",
        "body": '{"n": 1}',
    }
    assert answer.headers["x-own"] == ["yes"] or answer.headers["x-own"] == "yes"


async def test_failure_of_the_application_is_an_error(dapr: Client) -> None:
    with pytest.raises(Exception, match=r"418|teapot"):
        await dapr.call("invoke_method", CALLEE, "teapot", b"", http_verb="POST")


async def test_blocking_client_has_an_awaited_call_too(dapr: Client) -> None:
    if dapr.form == "async":
        return
    answer = await dapr.client.invoke_method_async(CALLEE, "echo", b"data", http_verb="POST")

    assert answer.json()["body"] == "data"
