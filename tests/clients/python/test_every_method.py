"""Every method of Dapr's Python client is called by a test here, or is named with the reason why not."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from tests.clients.python.speaking import FORMS, kind

#: What is no call of the sidecar.
NO_CALLS = {
    "close": "each test's client is closed at its end",
    "get_credentials": "it makes credentials for TLS, and asks nobody",
}
#: Clients of their own, of blocks that are not offered yet.
OTHER_CLIENTS = {
    "dapr.actor.ActorProxy": "actors",
    "dapr.ext.workflow.DaprWorkflowClient": "workflows",
}


def called() -> set[str]:
    """Return the methods that tests beside this file name in a call."""
    found: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "call" and node.args:
                found |= _names(node.args[0])
            found.add(node.func.attr)
    return found


def _names(argument: ast.expr) -> set[str]:
    """Return what a call's first argument names; the jobs' are made of a name and what is behind it."""
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    return {f"{job}_job{form}" for job in ("schedule", "get", "delete") for form in ("", "_alpha1")}


@pytest.mark.parametrize("form", FORMS)
async def test_every_method_is_called(form: str) -> None:
    methods = {name for name, _ in inspect.getmembers(kind(form), callable) if name[0] != "_"}

    assert methods - called() - NO_CALLS.keys() == set()
    assert NO_CALLS.keys() <= methods


@pytest.mark.parametrize("path", OTHER_CLIENTS)
def test_other_clients_are_still_where_they_were(path: str) -> None:
    import importlib

    module, _, name = path.rpartition(".")
    assert inspect.isclass(getattr(importlib.import_module(module), name))
