"""What the application of the manifests says, and what its store has to have in the end."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from tests.deploy.pods import python
from tests.e2e.sidecars import Heard

#: How soon calls must go on; on a machine with nothing else to do it takes less than one.
BACK_SECONDS: Final = 20.0

#: Asks the sidecar for the orders whose keys are given, from wherever this program runs.
_READING: Final = """
import json, urllib.request

url = "{endpoint}/v1.0/state/orders/bulk"
body = json.dumps({{"keys": {keys}}}).encode()
with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
    print(answer.read().decode())
"""


def acknowledged(lines: Sequence[str]) -> list[str]:
    """Return the keys of the orders that the sidecar said it had stored."""
    return [line.split()[0] for line in lines if line.endswith(" is stored")]


def failures(lines: Sequence[str]) -> list[str]:
    """Return why orders failed, in the words the application got."""
    return [line.partition(" failed: ")[2] for line in lines if " failed: " in line]


def refusal(failure: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of an error that the sidecar answered with."""
    status, _, body = failure.partition(" ")
    return int(status), json.loads(body)


async def going_on(log: Heard) -> None:
    """Wait until an order failed, and then until one is stored again."""
    since = len(log.lines)
    await log.said(" failed: ", since=since)
    since = next(n for n, line in enumerate(log.lines) if n >= since and " failed: " in line)
    await log.said(" is stored", since=since, seconds=BACK_SECONDS)


async def all_there(app: str, lines: Sequence[str], endpoint: str = "http://127.0.0.1:3500") -> None:
    """See that every acknowledged order is in the store, and was read back as it was written."""
    keys = acknowledged(lines)
    assert keys
    read = await python(app, _READING.format(endpoint=endpoint, keys=json.dumps(keys)))
    found = {item["key"]: item.get("data") for item in json.loads(read)}
    assert found == {key: amount(key) for key in keys}
    for line in lines:
        if told := re.fullmatch(r"(order-\d+) is read back as (.*)", line):
            assert json.loads(told[2]) == amount(told[1])


def amount(key: str) -> int:
    """Return what the application stores under the key."""
    return int(key.removeprefix("order-")) * 10
