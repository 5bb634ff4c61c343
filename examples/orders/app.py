"""The application, written with the official client as its users write it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import uvicorn
from dapr.aio.clients import DaprClient
from dapr.clients.exceptions import DaprInternalError
from dapr.clients.grpc._state import Concurrency, StateOptions
from fastapi import FastAPI, Request

ORDERS = Path(__file__).parent / "orders.csv"
PUBLISHED_AT_ONCE = 32
#: Every so many orders one is published twice, as publishers do that got no answer and try again.
REPEATED_EVERY = 20
KEYS_AT_ONCE = 500
COMPLETE_SECONDS = 60.0

Order = dict[str, Any]


class Desk:
    """What the application counts while it runs; what must last is in the state store."""

    def __init__(self, orders: list[Order]) -> None:
        self.orders = orders
        self.published = orders + orders[::REPEATED_EVERY]
        self.stored = 0
        self.refused = 0
        self.revenue = Decimal(0)
        self.complete = asyncio.Event()
        self.told = asyncio.Event()

    def note(self, order: Order, *, stored: bool) -> None:
        """Count an order that arrived."""
        if stored:
            self.stored += 1
            self.revenue += Decimal(order["total"])
        else:
            self.refused += 1
        if self.stored + self.refused == len(self.published):
            self.complete.set()

    def tell(self) -> None:
        """Print how far it is."""
        print(f"{self.stored:5} of {len(self.orders)} orders stored, revenue {self.revenue:,.2f}")
        if self.complete.is_set():
            self.told.set()


def priced(order: Order, secret: dict[str, str]) -> Order:
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


async def publish(client: DaprClient, orders: list[Order]) -> None:
    """Publish every order."""
    room = asyncio.Semaphore(PUBLISHED_AT_ONCE)

    async def one(order: Order) -> None:
        async with room:
            await client.publish_event(
                "events", "orders", json.dumps(order), data_content_type="application/json"
            )

    async with asyncio.TaskGroup() as tasks:
        for order in orders:
            tasks.create_task(one(order))


async def store(client: DaprClient, order: Order) -> bool:
    """Store an order under its key unless it is there; says whether it was stored."""
    try:
        await client.save_state(
            "orders-db",
            order["order_id"],
            json.dumps(order),
            options=StateOptions(concurrency=Concurrency.first_write),
        )
    except DaprInternalError as error:
        cause = error.__cause__
        if isinstance(cause, grpc.aio.AioRpcError) and cause.code() == grpc.StatusCode.ABORTED:
            return False  # the ETag did not match: this order came before
        raise
    return True


async def stored_orders(client: DaprClient, orders: list[Order]) -> list[Order]:
    """
    Read every order back, with its ETag.

    Raises:
        LookupError: one is missing, or is another than was placed.
    """
    found: dict[str, Order] = {}
    keys = [order["order_id"] for order in orders]
    for begin in range(0, len(keys), KEYS_AT_ONCE):
        answer = await client.get_bulk_state("orders-db", keys[begin : begin + KEYS_AT_ONCE])
        found.update({item.key: json.loads(item.data) for item in answer.items if item.data and item.etag})
    wrong = [key for key, order in zip(keys, orders, strict=True) if not is_kept(order, found.get(key))]
    if wrong or len(found) != len(orders):
        raise LookupError(f"{len(wrong)} of {len(orders)} orders are not stored as placed: {wrong[:5]} …")
    return list(found.values())


def is_kept(placed: Order, stored: Order | None) -> bool:
    """Return whether what is stored has all that was placed."""
    return stored is not None and placed.items() <= stored.items()


def show(orders: list[Order]) -> None:
    """Print what was sold, by country."""
    print(f"{'country':8}{'orders':>8}{'revenue':>14}")
    sold: dict[str, list[Decimal]] = {}
    for order in orders:
        sold.setdefault(order["country"], []).append(Decimal(order["total"]))
    for country, totals in sorted(sold.items(), key=lambda row: -sum(row[1])):
        print(f"{country:8}{len(totals):8}{sum(totals):14,.2f}")


async def work(client: DaprClient, desk: Desk) -> None:
    """Publish, wait until every order has arrived, and check what is stored."""
    async with asyncio.timeout(COMPLETE_SECONDS):
        await sidecar_ready()
        await publish(client, desk.published)
        await desk.complete.wait()
        await desk.told.wait()
    orders = await stored_orders(client, desk.orders)
    show(orders)
    if not len(orders) == desk.stored == len(desk.orders):
        raise LookupError(f"{len(orders)} orders are stored, and {desk.stored} were reported stored")
    print(f"each of {len(orders)} orders is stored exactly once; {desk.refused} repeats were refused")


def build(desk: Desk, client: DaprClient, secret: dict[str, str]) -> FastAPI:
    """Return what the sidecar calls."""
    app = FastAPI()

    @app.get("/dapr/subscribe")
    def subscriptions() -> list[dict[str, str]]:
        return [{"pubsubname": "events", "topic": "orders", "route": "/orders"}]

    @app.post("/orders")
    async def ordered(request: Request) -> dict[str, str]:
        order = priced((await request.json())["data"], secret)
        desk.note(order, stored=await store(client, order))
        return {"status": "SUCCESS"}

    @app.post("/totals")
    async def totals() -> None:
        desk.tell()

    return app


async def main() -> None:
    """Serve until every order is stored and checked."""
    with ORDERS.open(newline="") as file:
        orders: list[Order] = list(csv.DictReader(file))
    desk = Desk(orders[: int(os.environ.get("ORDERS", len(orders)))])
    async with DaprClient() as client:
        secret = (await client.get_secret("vault", "pricing")).secret
        app = build(desk, client, secret)
        config = uvicorn.Config(app, port=int(os.environ["APP_PORT"]), log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        try:
            await work(client, desk)
        finally:
            server.should_exit = True
            await serving


if __name__ == "__main__":
    asyncio.run(main())
