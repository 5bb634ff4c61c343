"""Transactions and queries of state stores."""

from __future__ import annotations

from ...errors import ComponentError, ETagMismatchError
from ...state import DeleteRequest, GetRequest, QueryRequest, SetRequest
from ..check import check, expect, refused, same
from ..target import Target
from .etags import DETAIL
from .state import etag_of, store, written


@check("state", needs="TRANSACTIONAL")
async def transaction_applies_all(target: Target) -> None:
    """Sets and deletes of one transaction take effect together."""
    there, new = await written(target), target.name()
    await store(target).transact([SetRequest(key=new, value=b"2"), DeleteRequest(key=there)])
    same(await _values(target, there, new), [None, b"2"], "after a transaction there are")


@check("state", needs="TRANSACTIONAL")
async def operations_apply_in_order(target: Target) -> None:
    """Operations on one key apply one after the other (contrib: transaction-order)."""
    one, two, three = target.name(), target.name(), target.name()
    for key in (one, three):
        await store(target).set(SetRequest(key=key, value=b"1"))
    await store(target).transact(
        [
            DeleteRequest(key=one),
            DeleteRequest(key=three),
            SetRequest(key=two, value=b"2"),
            DeleteRequest(key=two),
            SetRequest(key=three, value=b"3"),
        ]
    )
    same(await _values(target, one, two, three), [None, None, b"3"], "after a transaction there are")


@check("state", needs="TRANSACTIONAL")
async def delete_of_a_missing_key_does_not_fail_it(target: Target) -> None:
    """A transaction may delete what is not there (contrib: delete non-existent key)."""
    key = target.name()
    await store(target).transact([DeleteRequest(key=target.name("missing")), SetRequest(key=key, value=b"1")])
    same(await _values(target, key), [b"1"], "after a transaction there are")


@check("state", needs="TRANSACTIONAL")
async def empty_transaction_is_no_error(target: Target) -> None:
    """A transaction of nothing does nothing."""
    await store(target).transact([])


@check("state", needs="TRANSACTIONAL")
async def failed_transaction_changes_nothing(target: Target) -> None:
    """If one operation is refused for its ETag, the others have no effect either."""
    if not await etag_of(target, there := await written(target)):
        return  # without ETags nothing can be made to fail from here
    stale = await etag_of(target, there)
    await store(target).set(SetRequest(key=there, value=b"2"))
    new = target.name()
    operations = [SetRequest(key=new, value=b"3"), SetRequest(key=there, value=b"3", etag=stale)]
    wanted = "an error, and nothing changed"
    await refused(
        store(target).transact(operations), ComponentError, "a transaction with a stale ETag is", wanted
    )
    same(await _values(target, new, there), [None, b"2"], "after a refused transaction there are")


@check("state", needs="TRANSACTIONAL")
async def stale_etag_in_a_transaction_is_a_mismatch(target: Target) -> None:
    """A stale ETag in a transaction is told as in a set."""
    if not await etag_of(target, there := await written(target)):
        return
    stale = await etag_of(target, there)
    await store(target).set(SetRequest(key=there, value=b"2"))
    operation = DeleteRequest(key=there, etag=stale)
    await refused(store(target).transact([operation]), ETagMismatchError, "a transaction is", DETAIL)


@check("state", needs="TRANSACTIONAL")
async def transaction_limit_is_honest(target: Target) -> None:
    """MultiMaxSize, where it is served, names a size that passes (dapr: multimaxsize of actors)."""
    limit = await store(target).transaction_limit()
    expect(limit is None or limit > 0, found=f"the limit {limit}", wanted="a number above 0, or -1 for none")
    keys = [target.name() for _ in range(min(limit or 10, 10))]
    await store(target).transact([SetRequest(key=key, value=b"1") for key in keys])
    same(await _values(target, *keys), [b"1"] * len(keys), "after a transaction there are")


@check("state", needs="QUERY_API")
async def query_finds_by_equality(target: Target) -> None:
    """A query with EQ finds the values whose field is equal, and no others."""
    mark = target.name("mark")
    keys = {}
    for number in range(3):
        value = b'{"mark": "%s", "number": %d}' % (mark.encode(), number)
        keys[await written(target, value, contentType="application/json")] = value
    await written(target, b'{"mark": "another"}', contentType="application/json")
    request = QueryRequest(filter={"EQ": {"mark": mark}}, metadata={"contentType": "application/json"})
    answer = await store(target).query(request)
    same(sorted(item.key for item in answer.items), sorted(keys), "the keys found are")


@check("state", needs="QUERY_API")
async def query_pages_lose_nothing(target: Target) -> None:
    """Pages of 2, asked for by the token of the one before, have every row once."""
    mark = target.name("mark")
    keys = [
        await written(target, b'{"mark": "%s"}' % mark.encode(), contentType="application/json")
        for _ in range(5)
    ]
    found: list[str] = []
    token = ""
    while True:
        request = QueryRequest(
            filter={"EQ": {"mark": mark}}, limit=2, token=token, metadata={"contentType": "application/json"}
        )
        answer = await store(target).query(request)
        found += [item.key for item in answer.items]
        token = answer.token
        if not token or not answer.items or len(found) > len(keys):
            break
    same(sorted(found), sorted(keys), "the keys of all pages are")


async def _values(target: Target, *keys: str) -> list[bytes | None]:
    found = [await store(target).get(GetRequest(key=key)) for key in keys]
    return [None if each is None else each.data for each in found]
