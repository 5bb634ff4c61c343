from __future__ import annotations

import json

import pytest

from pluggable import state
from pluggable.errors import UnavailableError
from pluggable.runtime.blocks.keys import key_prefix, original_key
from pluggable.runtime.blocks.state import State
from pluggable.runtime.components.catalog import Catalog
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.errors import (
    IllegalKeyError,
    MissingKeyError,
    QueryFailedError,
    QueryNotSupportedError,
    StateGetError,
    StateStoreNotConfiguredError,
    StateStoreNotFoundError,
    TooManyOperationsError,
    TransactionsNotSupportedError,
)
from tests.runtime.blocks.inmemory import Components, TransactionalStore, loaded

CONFIG = RuntimeConfig(app_id="app", namespace="ns")


@pytest.fixture
def block(components: Components) -> State:
    return State(components.catalog, CONFIG)


@pytest.mark.parametrize(
    ("strategy", "prefix"),
    [
        ("", ""),
        ("appid", "app"),
        ("AppID", "app"),
        ("name", "store"),
        ("namespace", "ns.app"),
        ("none", None),
        ("Shared", "shared"),
    ],
)
def test_prefix_follows_the_strategy(strategy: str, prefix: str | None) -> None:
    assert key_prefix("store", {"KEYPREFIX": strategy}, CONFIG) == prefix


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        (RuntimeConfig(app_id="app"), "app"),
        (RuntimeConfig(app_id="", namespace="ns"), None),
    ],
)
def test_namespace_prefix_needs_both_parts(config: RuntimeConfig, prefix: str | None) -> None:
    assert key_prefix("store", {"keyPrefix": "namespace"}, config) == prefix


@pytest.mark.parametrize(
    ("stored", "key"),
    [("app||k", "k"), ("||k", "k"), ("k", "k"), ("app||type||id||k", "type"), ("shared||k", "k")],
)
def test_original_key_is_the_second_part(stored: str, key: str) -> None:
    assert original_key(stored) == key


def test_keys_are_prefixed_by_the_application_unless_told_otherwise(block: State) -> None:
    assert key_prefix("store", {}, CONFIG) == "app"
    assert key_prefix("store", {}, RuntimeConfig(app_id="")) is None
    assert block.store("queryable").key("k") == "k"


def test_no_store_at_all_is_told_apart() -> None:
    with pytest.raises(StateStoreNotConfiguredError, match="state store x is not configured"):
        State(Catalog(), CONFIG).store("x")


def test_unknown_store_is_refused(block: State) -> None:
    with pytest.raises(StateStoreNotFoundError, match="state store x is not found"):
        block.store("x")


def test_separator_in_key_is_refused(block: State) -> None:
    with pytest.raises(IllegalKeyError, match=r"'a\|\|b' can't contain"):
        block.store("store").key("a||b")


def test_separator_in_prefix_is_refused(components: Components) -> None:
    components.catalog.state["odd"] = loaded("odd", "state.x", components.plain, {"keyPrefix": "a||b"})

    with pytest.raises(IllegalKeyError, match=r"'a\|\|b' can't contain"):
        State(components.catalog, CONFIG).store("odd").key("k")


def test_empty_key_is_refused(block: State) -> None:
    with pytest.raises(MissingKeyError):
        block.store("store").key("")


def test_replaced_component_gets_a_new_store(components: Components, block: State) -> None:
    before = block.store("store")
    components.catalog.state["store"] = loaded("store", "state.x", components.store, {"keyPrefix": "name"})

    assert before.key("k") == "app||k"
    assert block.store("store").key("k") == "store||k"


async def test_single_item_is_set_alone(components: Components, block: State) -> None:
    store = block.store("store")
    await store.save([state.SetRequest(key=store.key("a"), value=b"1")])
    assert components.store.bulk_sets == 0

    await store.save([state.SetRequest(key=store.key(key), value=b"1") for key in "bc"])

    assert components.store.bulk_sets == 1
    assert list(components.store.values) == ["app||a", "app||b", "app||c"]


async def test_bulk_get_keeps_the_order(block: State) -> None:
    store = block.store("store")
    await store.save([state.SetRequest(key=store.key("b"), value=b"2")])

    items = await store.bulk_get(["a", "b"])

    assert [(original_key(item.key), item.value is not None) for item in items] == [("a", False), ("b", True)]


async def test_failure_of_the_store_is_worded(components: Components, block: State) -> None:
    components.store.failure = UnavailableError("no route")

    with pytest.raises(StateGetError, match="fail to get k from state store store: no route"):
        await block.store("store").get("k")


async def test_transaction_beyond_the_limit_is_refused(components: Components, block: State) -> None:
    components.store.limit = 1
    store = block.store("store")
    operations = [state.DeleteRequest(key=store.key("a")), state.DeleteRequest(key=store.key("b"))]

    with pytest.raises(TooManyOperationsError, match=r"contains 2 operations.* supports: 1"):
        await store.transact(operations)
    await store.transact(operations[:1])

    assert components.store.asked == 1


async def test_store_without_transactions_refuses_them(block: State) -> None:
    with pytest.raises(TransactionsNotSupportedError):
        await block.store("plain").transact([state.DeleteRequest(key="a")])


async def test_feature_decides_on_transactions(components: Components, block: State) -> None:
    class Silent(TransactionalStore):
        @property
        def features(self) -> tuple[str, ...]:
            return ()

    components.catalog.state["silent"] = loaded("silent", "state.x", Silent())

    with pytest.raises(TransactionsNotSupportedError):
        block.store("silent").check_transactional()


async def test_query_is_read_from_json(components: Components, block: State) -> None:
    sort = '[{"key":"k","order":"DESC"},{"key":"l"}]'
    text = f'{{"filter":{{"EQ":{{"a":1}}}},"sort":{sort},"page":{{"limit":2,"token":"t"}}}}'
    await block.store("queryable").query(text, {"m": "v"})

    assert components.queryable.queried == state.QueryRequest(
        filter={"EQ": {"a": 1}},
        sort=[("k", state.SortOrder.DESC), ("l", state.SortOrder.ASC)],
        limit=2,
        token="t",
        metadata={"m": "v"},
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"filter":1}', '{"sort":[1]}', '{"page":{"limit":"x"}}'])
async def test_bad_query_is_refused(block: State, text: str) -> None:
    with pytest.raises(QueryFailedError, match="state store queryable query failed: failed to parse JSON"):
        await block.store("queryable").query(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "the query is an array, an object is wanted"),
        ('{"filter":1}', "filter is a number, an object is wanted"),
        ('{"filter":{"EQ":{"a":1},"IN":{"a":[1]}}}', "filter unit must have a single element"),
        ('{"filter":{"LIKE":{"a":1}}}', 'unsupported filter "LIKE"'),
        ('{"filter":{"EQ":1}}', "EQ filter must be a map"),
        ('{"filter":{"EQ":{"a":1,"b":2}}}', "EQ filter must contain a single key/value pair"),
        ('{"filter":{"IN":{"a":1}}}', "IN filter value must be an array"),
        ('{"filter":{"AND":{}}}', "AND filter must be an array"),
        ('{"filter":{"OR":[{"EQ":{"a":1}}]}}', "OR filter must contain at least two entries"),
        ('{"filter":{"OR":[{"EQ":{"a":1}},1]}}', "filter unit must be a map"),
        ('{"sort":{}}', "sort is an object, an array is wanted"),
        ('{"sort":[{"order":"ASC"}]}', "an item of sort has no key"),
        ('{"page":{"limit":"x"}}', "page.limit is a text, a whole number is wanted"),
        ('{"page":{"limit":-1}}', "page.limit is -1, wanted 0 to"),
        ('{"page":{"token":5}}', "page.token is a number, a text is wanted"),
        ('{"page":{"limit":Infinity}}', "Infinity is no JSON"),
    ],
)
async def test_fault_of_a_query_is_told(block: State, text: str, said: str) -> None:
    with pytest.raises(QueryFailedError) as caught:
        await block.store("queryable").query(text)

    assert str(caught.value).startswith(
        f"state store queryable query failed: failed to parse JSON query body: {said}"
    )


async def test_filters_may_be_nested(components: Components, block: State) -> None:
    nested = {"OR": [{"EQ": {"a": 1}}, {"AND": [{"IN": {"b": [2, 3]}}, {"NEQ": {"c.d": "x"}}]}]}

    await block.store("queryable").query(json.dumps({"filter": nested}))

    assert components.queryable.queried.filter == nested


async def test_store_that_cannot_query_says_so(block: State) -> None:
    with pytest.raises(QueryNotSupportedError, match="does not support querying"):
        await block.store("store").query("{}")
