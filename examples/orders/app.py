"""The application, written with the official client as its users write it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import uvicorn
from dapr.aio.clients import DaprClient
from dapr.clients.grpc._state import Concurrency, StateOptions
from fastapi import FastAPI, Request

ORDERS = Path(__file__).parent / "orders.csv"
PUBLISHED_AT_ONCE = 32


class Desk:
    """What the application remembers while it runs; what must last is in the state store."""

    def __init__(self, orders: list[dict[str, str]]) -> None:
        self.orders = orders
        self.stored = 0
        self.refused = 0
        self.revenue = Decimal(0)
        self.complete = asyncio.Event()


def priced(order: dict[str, Any], secret: dict[str, str]) -> dict[str, Any]:
    """Return the order with its total: discounted from six pieces on, with VAT."""
    net = Decimal(order["unit_price"]) * int(order["quantity"])
    if int(order["quantity"]) >= 6:
        net -= net * Decimal(secret["discount-percent-from-6"]) / 100
    total = net * (100 + Decimal(secret["vat-percent"])) / 100
    return {**order, "total": str(total.quantize(Decimal("0.01")))}


async def sidecar_ready() -> None:
    """Wait until the sidecar has subscribed: what is published before that, an in-memory broker drops."""
    url = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0/healthz"
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(url) as answer:
                if answer.status == 204:
                    return
            await asyncio.sleep(0.05)


async def publish(client: DaprClient, orders: list[dict[str, str]]) -> None:
    """Publish every order."""
    room = asyncio.Semaphore(PUBLISHED_AT_ONCE)

    async def one(order: dict[str, str]) -> None:
        async with room:
            await client.publish_event(
                "events", "orders", json.dumps(order), data_content_type="application/json"
            )

    await asyncio.gather(*(one(order) for order in orders))


async def store(client: DaprClient, order: dict[str, Any]) -> bool:
    """Store an order under its key unless it is there; says whether it was stored."""
    try:
        await client.save_state(
            "orders-db",
            order["order_id"],
            json.dumps(order),
            options=StateOptions(concurrency=Concurrency.first_write),
        )
    except grpc.aio.AioRpcError as error:
        if error.code() == grpc.StatusCode.ABORTED:  # the ETag did not match: this order came before
            return False
        raise
    return True


async def check(client: DaprClient, orders: list[dict[str, str]]) -> dict[str, tuple[int, Decimal]]:
    """Read every order back and return number and revenue by country; leave if one is missing."""
    found: dict[str, dict[str, Any]] = {}
    keys = [order["order_id"] for order in orders]
    for begin in range(0, len(keys), 500):
        answer = await client.get_bulk_state("orders-db", keys[begin : begin + 500])
        found.update({item.key: json.loads(item.data) for item in answer.items if item.data and item.etag})
    missing = [key for key in keys if key not in found]
    if missing or len(found) != len(orders):
        raise SystemExit(f"{len(missing)} of {len(orders)} orders are not stored: {missing[:5]} …")
    table: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for order in found.values():
        number, revenue = table[order["country"]]
        table[order["country"]] = (number + 1, revenue + Decimal(order["total"]))
    return table


def show(table: dict[str, tuple[int, Decimal]], desk: Desk) -> None:
    """Print what was sold."""
    print(f"{'country':8}{'orders':>8}{'revenue':>14}")
    for country, (number, revenue) in sorted(table.items(), key=lambda row: -row[1][1]):
        print(f"{country:8}{number:8}{revenue:14,.2f}")
    number, revenue = (
        sum(row[0] for row in table.values()),
        sum((row[1] for row in table.values()), Decimal(0)),
    )
    print(f"{'all':8}{number:8}{revenue:14,.2f}")
    print(
        f"every one of {len(desk.orders)} orders is stored exactly once ({desk.refused} repeated and refused)"
    )


def build(desk: Desk, finished: Callable[[], None]) -> FastAPI:
    """Return the application: what its sidecar calls, beside the task that publishes, waits and checks."""

    async def work(client: DaprClient) -> None:
        await sidecar_ready()
        await publish(client, desk.orders)
        await desk.complete.wait()
        show(await check(client, desk.orders), desk)
        finished()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with DaprClient() as client:
            app.state.client = client
            app.state.secret = (await client.get_secret("vault", "pricing")).secret
            task = asyncio.create_task(work(client))
            yield
            await task

    app = FastAPI(lifespan=lifespan)

    @app.get("/dapr/subscribe")
    def subscriptions() -> list[dict[str, str]]:
        return [{"pubsubname": "events", "topic": "orders", "route": "/orders"}]

    @app.post("/orders")
    async def ordered(request: Request) -> dict[str, str]:
        order = priced((await request.json())["data"], app.state.secret)
        if await store(app.state.client, order):
            desk.stored += 1
            desk.revenue += Decimal(order["total"])
        else:
            desk.refused += 1
        if desk.stored == len(desk.orders):
            desk.complete.set()
        return {"status": "SUCCESS"}

    @app.post("/totals")
    async def totals() -> None:
        print(f"{desk.stored:5} of {len(desk.orders)} orders stored, revenue {desk.revenue:,.2f}", flush=True)

    return app


def main() -> None:
    """Serve until every order is stored and checked."""
    with ORDERS.open(newline="") as file:
        desk = Desk(list(csv.DictReader(file)))

    def finished() -> None:
        server.should_exit = True

    port = int(os.environ["APP_PORT"])
    server = uvicorn.Server(
        uvicorn.Config(build(desk, finished), port=port, log_level="warning", access_log=False)
    )
    server.run()


if __name__ == "__main__":
    sys.exit(main())
