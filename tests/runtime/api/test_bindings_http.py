"""Output bindings over HTTP: what the far side answers, and what becomes of it."""

from __future__ import annotations

from pluggable import bindings
from tests.runtime.api.conftest import Sidecar, Sidecars
from tests.runtime.blocks.inmemory import Components, loaded


class Silent(bindings.OutputBinding):
    """Has nothing to say."""

    operations = ("delete",)

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        assert request.operation in self.operations
        return bindings.InvokeResponse()


async def test_silent_binding_is_no_content(sidecars: Sidecars) -> None:
    components = Components()
    components.catalog.outputs["silent"] = loaded("silent", "bindings.silent", Silent())
    sidecar = await sidecars.open(components)

    answer = await sidecar.call("PUT", "/v1.0/bindings/silent", '{"operation":"delete"}')

    assert (answer.status, answer.body) == (204, b"")


async def test_answer_of_metadata_alone_is_an_empty_body(sidecar: Sidecar) -> None:
    answer = await sidecar.call("PUT", "/v1.0/bindings/echo", '{"operation":"get"}')

    assert (answer.status, answer.body, answer.headers["metadata.found"]) == (200, b"", "no")


async def test_baggage_comes_back(sidecar: Sidecar) -> None:
    headers = {
        "baggage": "k=v,k2=v2",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }

    answer = await sidecar.call("POST", "/v1.0/bindings/echo", '{"operation":"create"}', headers)

    assert answer.headers["baggage"] == "k=v,k2=v2"
    assert headers.items() <= sidecar.components.echo.requests[0].metadata.items()


async def test_field_names_of_a_binding_count_in_any_case(sidecar: Sidecar) -> None:
    body = '{"Operation":"create","Data":"x","Metadata":{"path":"/a"}}'

    answer = await sidecar.call("POST", "/v1.0/bindings/echo", body)

    assert answer.body == b'"x"'
    assert sidecar.components.echo.requests[0].metadata["path"] == "/a"
