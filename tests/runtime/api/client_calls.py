"""
The calls of the official client, and what their answers must be; a program makes them asynchronously.

That client's constructor waits for the sidecar's health and blocks the loop: it needs a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from dapr.aio.clients import DaprClient
    from dapr.clients.grpc import _request as requests, _state as items

#: Each call, and what of its answer must hold; in order, since later ones see what earlier ones stored.
CALLS: list[tuple[str, Callable[[Any], Any], Callable[[Any], object], object]] = [
    ("save", lambda c: c.save_state("store", "a", "1", state_metadata={"ttlInSeconds": "9"}), lambda _: 0, 0),
    ("get", lambda c: c.get_state("store", "a"), lambda r: (r.data, r.etag), (b"1", "1")),
    (
        "save bulk",
        lambda c: c.save_bulk_state(
            "store", [items.StateItem(key="b", value="2"), items.StateItem(key="c", value=b"\xff")]
        ),
        lambda _: 0,
        0,
    ),
    (
        "get bulk",
        lambda c: c.get_bulk_state("store", ["c", "no"]),
        lambda r: [(item.key, item.data) for item in r.items],
        [("c", b"\xff"), ("no", b"")],
    ),
    (
        "transaction",
        lambda c: c.execute_state_transaction(
            "store",
            [
                requests.TransactionalStateOperation(key="d", data="4"),
                requests.TransactionalStateOperation(
                    key="b", operation_type=requests.TransactionOperationType.delete
                ),
            ],
        ),
        lambda _: 0,
        0,
    ),
    ("delete", lambda c: c.delete_state("store", "a", etag="1"), lambda _: 0, 0),
    ("query", lambda c: c.query_state("queryable", "{}"), lambda r: (r.results, r.token), ([], "next")),
    (
        "publish",
        lambda c: c.publish_event("broker", "t", '{"n":1}', data_content_type="application/json"),
        lambda _: 0,
        0,
    ),
    ("publish many", lambda c: c.publish_events("bulk", "t", ["a", b"b"]), lambda r: r.failed_entries, []),
    (
        "binding",
        lambda c: c.invoke_binding("echo", "create", "data", {"k": "v"}),
        lambda r: (r.data, r.binding_metadata["length"]),
        (b"data", "4"),
    ),
    ("secret", lambda c: c.get_secret("vault", "db"), lambda r: r.secret, {"user": "u", "password": "p"}),
    ("secrets", lambda c: c.get_bulk_secret("vault"), lambda r: r.secrets["key"], {"key": "<v>"}),
    ("set metadata", lambda c: c.set_metadata("k", "v"), lambda _: 0, 0),
    (
        "metadata",
        lambda c: c.get_metadata(),
        lambda r: (r.application_id, r.extended_metadata["k"], len(r.registered_components)),
        ("app", "v", 7),
    ),
    ("wait", lambda c: c.wait(5), lambda _: 0, 0),
    ("shutdown", lambda c: c.shutdown(), lambda _: 0, 0),
]


async def main() -> None:
    async with DaprClient(f"127.0.0.1:{os.environ['DAPR_GRPC_PORT']}") as client:
        for name, call, look, wanted in CALLS:
            found = look(await call(client))
            assert found == wanted, f"{name}: {found!r}"


if __name__ == "__main__":
    asyncio.run(main())
