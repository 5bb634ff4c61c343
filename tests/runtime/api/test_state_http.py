"""State over HTTP as daprd has it, where that is not what one would guess."""

from __future__ import annotations

import json

import pytest

from tests.runtime.api.conftest import Sidecar, Sidecars
from tests.runtime.blocks.inmemory import Components


async def test_field_names_count_in_any_case(sidecar: Sidecar) -> None:
    items = '[{"Key":"a","Value":1},{"KEY":"b","value":"x"}]'
    assert (await sidecar.call("POST", "/v1.0/state/store", items)).status == 204
    operations = (
        '{"Operations":[{"Operation":"upsert","Request":{"Key":"c","Value":2,"Metadata":{"ttlInSeconds":"5"}}},'
        '{"operation":"delete","request":{"KEY":"b"}}]}'
    )
    assert (await sidecar.call("POST", "/v1.0/state/store/transaction", operations)).status == 204

    answer = await sidecar.call("POST", "/v1.0/state/store/bulk", '{"Keys":["a","b","c"]}')

    assert [(each["key"], each.get("data")) for each in json.loads(answer.body)] == [
        ("a", 1),
        ("b", None),
        ("c", 2),
    ]
    assert sidecar.components.store.sets[-1].metadata == {"ttlInSeconds": "5"}


async def test_exact_name_wins(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/state/store", '[{"KEY":"b","key":"a","value":1,"VALUE":2}]')

    assert sidecar.components.store.values["app||a"].data == b"1"


async def test_value_may_be_left_out(sidecar: Sidecar) -> None:
    answer = await sidecar.call("POST", "/v1.0/state/store", '[{"key":"k","vae":1}]')

    assert answer.status == 204
    assert sidecar.components.store.values["app||k"].data == b"null"


async def test_unknown_consistency_of_a_get_is_none(sidecar: Sidecar) -> None:
    await sidecar.call("POST", "/v1.0/state/store", '[{"key":"k","value":1}]')

    assert (await sidecar.call("GET", "/v1.0/state/store/k?consistency=Strong")).status == 200


@pytest.mark.parametrize("parallelism", ['"x"', "1.5", "true", "[]"])
async def test_parallelism_is_a_whole_number(sidecar: Sidecar, parallelism: str) -> None:
    body = f'{{"keys":["k"],"parallelism":{parallelism}}}'

    answer = await sidecar.call("POST", "/v1.0/state/store/bulk", body)

    assert (answer.status, json.loads(answer.body)["errorCode"]) == (400, "ERR_MALFORMED_REQUEST")


@pytest.mark.parametrize("empty", [True, False])
async def test_missing_store_names_the_application(sidecars: Sidecars, empty: bool) -> None:
    components = Components()
    if empty:
        components.catalog.state.clear()
    sidecar = await sidecars.open(components)

    answer = await sidecar.call("GET", "/v1.0/state/x/k")

    [info] = json.loads(answer.body)["details"]
    assert info["metadata"] == {"appID": "app"}


async def test_many_operations_and_long_keys_are_taken(sidecar: Sidecar) -> None:
    long = "k" * 100_000
    operations = [
        {"operation": "upsert", "request": {"key": f"{number}", "value": number}} for number in range(5_000)
    ]
    operations.append({"operation": "upsert", "request": {"key": long, "value": "x"}})
    body = json.dumps({"operations": operations})

    assert (await sidecar.call("POST", "/v1.0/state/store/transaction", body)).status == 204

    assert len(sidecar.components.store.values) == 5_001
    answer = await sidecar.call("POST", "/v1.0/state/store/bulk", json.dumps({"keys": [long, "4999"]}))
    assert [each["data"] for each in json.loads(answer.body)] == ["x", 4999]
