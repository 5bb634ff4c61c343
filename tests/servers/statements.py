"""Statements and what a daprd answered for them: see the beginning of ``recorded/statements.json``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pluggable import Metadata, OutputBinding
from pluggable.bindings import InvokeRequest, InvokeResponse
from pluggable.errors import InvalidRequestError

FILE = Path(__file__).parent / "recorded" / "statements.json"


def recorded(type_: str) -> list[dict[str, Any]]:
    """Return what was asked of a type, in order, and what came of it."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text())[type_]
    return found


@asynccontextmanager
async def binding(kind: type[OutputBinding], properties: Mapping[str, str]) -> AsyncIterator[OutputBinding]:
    found = kind()
    await found.init(Metadata(dict(properties), "db"))
    try:
        yield found
    finally:
        await found.close()


async def run(found: OutputBinding, operation: str, sql: str = "", *params: Any) -> InvokeResponse:
    metadata = {"sql": sql} if sql else {}
    if params:
        metadata["params"] = json.dumps(params)
    return await found.invoke(InvokeRequest(operation=operation, metadata=metadata))


async def rows(found: OutputBinding, sql: str, *params: Any) -> Any:
    return json.loads((await run(found, "query", sql, *params)).data or b"")


async def answers_as_daprd_did(found: OutputBinding, type_: str) -> None:
    steps = recorded(type_)
    assert len(steps) > 10
    for step in steps:
        metadata = {"sql": step["sql"]}
        if "params" in step:
            metadata["params"] = json.dumps(step["params"])
        request = InvokeRequest(operation=step["operation"], metadata=metadata)
        if "error" in step:
            with pytest.raises(InvalidRequestError):
                await found.invoke(request)
            continue
        answer = await found.invoke(request)
        data = None if answer.data is None else json.loads(answer.data)
        assert (step["sql"], data) == (step["sql"], step.get("data"))
        assert answer.metadata.get("rows-affected") == step.get("rows")


async def closes_on_demand(found: OutputBinding) -> None:
    assert await run(found, "close") == InvokeResponse()
    assert await run(found, "close") == InvokeResponse()
    with pytest.raises(InvalidRequestError, match="component is closed"):
        await run(found, "exec", "SELECT 1")
