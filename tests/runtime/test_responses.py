from __future__ import annotations

import asyncio
import logging

import pytest

from pluggable import bindings, state
from pluggable.errors import ComponentError
from pluggable.runtime import resources
from pluggable.runtime.appchannel import BindingAnswer
from pluggable.runtime.appchannel.obliging import binding_answer_of
from pluggable.runtime.blocks import build
from pluggable.runtime.components.catalog import Catalog, Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.responses import Responses
from tests.runtime.blocks.inmemory import PlainStore


class Sink(bindings.OutputBinding):
    """Keeps what it is sent, or fails on it; it may wait for others to be sent something first."""

    operations = ("create",)

    def __init__(self, *, fails: bool = False, together: asyncio.Barrier | None = None) -> None:
        self.got: list[tuple[str, bytes]] = []
        self._fails = fails
        self._together = together

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        self.got.append((request.operation, request.data))
        if self._together is not None:
            await self._together.wait()
        if self._fails:
            raise ComponentError("it is full")
        return bindings.InvokeResponse()


def responses(store: PlainStore | None = None, **sinks: Sink) -> Responses:
    catalog = Catalog()
    for name, sink in sinks.items():
        catalog.outputs[name] = Loaded(resources.Component(name=name, type="bindings.sink"), sink, {})
    if store is not None:
        catalog.state["store"] = Loaded(resources.Component(name="store", type="state.memory"), store, {})
    return Responses(build(catalog, RuntimeConfig(app_id="shop")))


async def test_values_are_stored_where_the_application_finds_them() -> None:
    store = PlainStore()
    items = [state.SetRequest(key="a", value=b"1"), state.SetRequest(key="b", value=b"2")]
    await responses(store)("timer", BindingAnswer(store="store", states=items))

    found = await store.get(state.GetRequest(key="shop||b"))
    assert found is not None
    assert found.data == b"2"


async def test_bindings_are_called_in_order_until_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    first, second, third = Sink(), Sink(fails=True), Sink()
    oblige = responses(a=first, b=second, c=third)
    with caplog.at_level(logging.ERROR):
        await oblige("timer", BindingAnswer(to=("a", "b", "c"), payload=b"x"))

    assert (first.got, second.got, third.got) == ([("create", b"x")], [("create", b"x")], [])
    assert "error executing app response to binding timer" in caplog.text
    assert "it is full" in caplog.text


async def test_bindings_are_called_at_once_where_that_is_asked_for() -> None:
    together = asyncio.Barrier(2)
    first, second = Sink(together=together), Sink(together=together, fails=True)
    async with asyncio.timeout(5):
        await responses(a=first, b=second)("timer", BindingAnswer(to=("a", "b"), parallel=True))

    assert len(first.got) == len(second.got) == 1


async def test_what_cannot_be_done_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await responses()(
            "timer", BindingAnswer(store="none", states=[state.SetRequest(key="k", value=b"")], to=("none",))
        )

    assert "error saving state from app response to binding timer" in caplog.text
    assert "couldn't find output binding none" in caplog.text


async def test_http_answer_asks_by_its_members() -> None:
    body = (
        b'{"storeName":"s","state":[{"key":"k","value":{"a":1}}],'
        b'"to":["x"],"concurrency":"parallel","data":"d"}'
    )
    answer = await binding_answer_of(body)

    assert (answer.data, answer.store, answer.to) == (body, "s", ("x",))
    assert (answer.parallel, answer.payload) == (True, b'"d"')
    assert [(item.key, item.value) for item in answer.states] == [("k", b'{"a":1}')]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"done",
        b'{"to":"Mary","state":"sent"}',
        b'{"to":[7],"state":[{"key":7}],"storeName":"s"}',
        b'{"state":[{"key":"k"}]}',
        b'["to","state"]',
        b'{"to":[',
        b'{"storeName":7,"state":[{"key":"k","value":1}]}',
    ],
)
async def test_http_answer_in_other_words_asks_for_nothing(body: bytes) -> None:
    answer = await binding_answer_of(body)

    assert (answer.data, answer.states, answer.to) == (body, (), ())
