"""Every line of the table of errors, as both protocols tell it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import binding_pb2, pubsub_pb2, secret_pb2, state_pb2
from pluggable._proto.google.rpc import error_details_pb2, status_pb2
from pluggable.errors import (
    BulkError,
    ComponentError,
    CustomError,
    ETagInvalidError,
    ETagMismatchError,
    UnavailableError,
)
from pluggable.runtime import errors
from pluggable.runtime.api.errors import TABLE
from pluggable.runtime.errors import configuration, controlplane, conversation, crypto, lock
from pluggable.runtime.invocation import InvocationError
from pluggable.runtime.resources import Configuration, SecretScope
from pluggable.transport import Code, StatusError
from tests.runtime.api.conftest import Sidecar, Sidecars
from tests.runtime.blocks.inmemory import Components, loaded

PREFIX = "/dapr.proto.runtime.v1.Dapr/"
CUSTOM = CustomError(
    "get-error", code=Code.DATA_LOSS, http_status=506, error_code="tag", reason="why", domain="there"
)
SAVE = state_pb2.SaveStateRequest(
    store_name="store", states=[common.StateItem(key="k", etag=common.Etag(value="7"))]
)
ITEM = '[{"key":"k","value":1,"etag":"7"}]'


async def failed(sidecar: Sidecar, method: str, request: Any) -> StatusError:
    """Make a gRPC call that must fail, and return how it did."""
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        with pytest.raises(StatusError) as caught:
            await channel.unary(PREFIX + method, request.SerializeToString(), timeout=5)
        return caught.value


def details(status: StatusError) -> dict[str, Any]:
    """Return the details by their type."""
    found: dict[str, Any] = {}
    for packed in status_pb2.Status.FromString(status.details).details if status.details else ():
        name = packed.type_url.rpartition(".")[2]
        found[name] = getattr(error_details_pb2, name).FromString(packed.value)
    return found


def test_every_error_has_a_line() -> None:
    def leaves(kind: type[errors.BlockError]) -> set[type[errors.BlockError]]:
        return {kind} | {leaf for child in kind.__subclasses__() for leaf in leaves(child)}

    abstract = {
        errors.BlockError,
        errors.StateError,
        errors.StateOperationError,
        errors.PublishingError,
        errors.SecretError,
        InvocationError,
        controlplane.JobError,
        controlplane.NoSchedulerError,
        configuration.ConfigurationError,
        lock.LockError,
        conversation.ConversationError,
        crypto.CryptoError,
    }

    assert leaves(errors.BlockError) - abstract == TABLE.keys()


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, made over HTTP and over gRPC."""

    path: str
    body: str
    status: int
    code: str
    message: str
    method: str
    request: Any
    grpc: Code
    reason: str = ""
    others: tuple[str, ...] = ()
    verb: str = "POST"
    bare: bool = False
    """HTTP has no details, gRPC the code as its reason."""


CASES = {
    "unknown store": Case(
        "/v1.0/state/x", "", 400, "ERR_STATE_STORE_NOT_FOUND", "state store x is not found",
        "SaveState", state_pb2.SaveStateRequest(store_name="x"), Code.INVALID_ARGUMENT,
        "DAPR_STATE_NOT_FOUND",
    ),
    "illegal key": Case(
        "/v1.0/state/store", '[{"key":"a||b"}]', 400, "ERR_MALFORMED_REQUEST",
        "input key/keyPrefix 'a||b' can't contain '||'",
        "GetState", state_pb2.GetStateRequest(store_name="store", key="a||b"), Code.INVALID_ARGUMENT,
        "DAPR_STATE_ILLEGAL_KEY", ("ResourceInfo", "BadRequest"),
    ),
    "query unsupported": Case(
        "/v1.0-alpha1/state/store/query", "{}", 500, "ERR_STATE_STORE_NOT_SUPPORTED",
        "state store does not support querying",
        "QueryStateAlpha1", state_pb2.QueryStateRequest(store_name="store", query="{}"), Code.INTERNAL,
        "DAPR_STATE_QUERYING_NOT_SUPPORTED", ("ResourceInfo",),
    ),
    "query failed": Case(
        "/v1.0-alpha1/state/queryable/query", "[]", 500, "ERR_STATE_QUERY",
        "state store queryable query failed: failed to parse JSON query body: "
        "the query is an array, an object is wanted",
        "QueryStateAlpha1", state_pb2.QueryStateRequest(store_name="queryable", query="[]"), Code.INTERNAL,
        "DAPR_STATE_QUERY_FAILED", ("ResourceInfo",),
    ),
    "no transactions": Case(
        "/v1.0/state/plain/transaction", "", 500, "ERR_STATE_STORE_NOT_SUPPORTED",
        "state store plain doesn't support transactions",
        "ExecuteStateTransaction", state_pb2.ExecuteStateTransactionRequest(storeName="plain"),
        Code.UNIMPLEMENTED, "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED", ("ResourceInfo", "Help"),
    ),
    "odd operation": Case(
        "/v1.0/state/store/transaction", '{"operations":[{"operation":"merge","request":{"key":"k"}}]}', 400,
        "ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type merge not supported",
        "ExecuteStateTransaction",
        state_pb2.ExecuteStateTransactionRequest(
            storeName="store", operations=[state_pb2.TransactionalStateOperation(operationType="merge")]
        ),
        Code.UNIMPLEMENTED, "ERR_NOT_SUPPORTED_STATE_OPERATION", bare=True,
    ),
    "missing key": Case(
        "/v1.0/state/store", "[{}]", 400, "ERR_MALFORMED_REQUEST", '"key" is a required field',
        "GetState", state_pb2.GetStateRequest(store_name="store"), Code.INVALID_ARGUMENT,
    ),
    "binding without operation": Case(
        "/v1.0/bindings/echo", "{}", 500, "ERR_INVOKE_OUTPUT_BINDING",
        "error invoking output binding echo: operation field is missing from request",
        "InvokeBinding", binding_pb2.InvokeBindingRequest(name="echo"), Code.INTERNAL,
        "ERR_INVOKE_OUTPUT_BINDING", bare=True,
    ),
    "failed binding": Case(
        "/v1.0/bindings/echo", '{"operation":"fail"}', 500, "ERR_INVOKE_OUTPUT_BINDING",
        "error invoking output binding echo: received status code 404",
        "InvokeBinding", binding_pb2.InvokeBindingRequest(name="echo", operation="fail"), Code.INTERNAL,
        "ERR_INVOKE_OUTPUT_BINDING", bare=True,
    ),
    "unknown pubsub": Case(
        "/v1.0/publish/x/t", "", 404, "ERR_PUBSUB_NOT_FOUND", "pubsub x is not found",
        "PublishEvent", pubsub_pb2.PublishEventRequest(pubsub_name="x", topic="t"), Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_NOT_FOUND",
    ),
    "empty topic": Case(
        "/v1.0/publish/broker/", "", 404, "ERR_TOPIC_NAME_EMPTY", "topic is empty in pubsub broker",
        "PublishEvent", pubsub_pb2.PublishEventRequest(pubsub_name="broker"), Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_TOPIC_NAME_EMPTY", ("ResourceInfo",),
    ),
    "raw payload": Case(
        "/v1.0/publish/broker/t?metadata.rawPayload=v", "", 400, "ERR_PUBSUB_REQUEST_METADATA",
        "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'v'",
        "PublishEvent",
        pubsub_pb2.PublishEventRequest(pubsub_name="broker", topic="t", metadata={"rawPayload": "v"}),
        Code.INVALID_ARGUMENT, "DAPR_PUBSUB_METADATA_DESERIALIZATION", ("ResourceInfo",),
    ),
    "forbidden topic": Case(
        "/v1.0/publish/broker/private", "", 403, "ERR_PUBSUB_FORBIDDEN",
        "topic private is not allowed for app id app",
        "PublishEvent", pubsub_pb2.PublishEventRequest(pubsub_name="broker", topic="private"),
        Code.PERMISSION_DENIED, "DAPR_PUBSUB_FORBIDDEN", ("ResourceInfo",),
    ),
    "entry without id": Case(
        "/v1.0/publish/bulk/broker/t", '[{"event":"x"}]', 400, "ERR_PUBSUB_EVENTS_SER",
        "error marshaling events to bytes for topic t pubsub broker. "
        "error: entryId is duplicated or not present for entry",
        "BulkPublishEvent",
        pubsub_pb2.BulkPublishRequest(
            pubsub_name="broker", topic="t", entries=[pubsub_pb2.BulkPublishRequestEntry(event=b"x")]
        ),
        Code.INVALID_ARGUMENT, "DAPR_PUBSUB_MARSHAL_EVENTS", ("ResourceInfo",),
    ),
    "unknown binding": Case(
        "/v1.0/bindings/x", '{"operation":"get"}', 500, "ERR_INVOKE_OUTPUT_BINDING",
        "error invoking output binding x: couldn't find output binding x",
        "InvokeBinding", binding_pb2.InvokeBindingRequest(name="x", operation="get"), Code.INTERNAL,
        "ERR_INVOKE_OUTPUT_BINDING", bare=True,
    ),
    "odd binding operation": Case(
        "/v1.0/bindings/echo", '{"operation":"list"}', 500, "ERR_INVOKE_OUTPUT_BINDING",
        "error invoking output binding echo: binding echo does not support operation list. "
        "supported operations:create get fail",
        "InvokeBinding", binding_pb2.InvokeBindingRequest(name="echo", operation="list"), Code.INTERNAL,
        "ERR_INVOKE_OUTPUT_BINDING", bare=True,
    ),
    "unknown secret store": Case(
        "/v1.0/secrets/x/key", "", 401, "ERR_SECRET_STORE_NOT_FOUND",
        "failed finding secret store with key x",
        "GetSecret", secret_pb2.GetSecretRequest(store_name="x", key="key"), Code.INVALID_ARGUMENT,
        verb="GET",
    ),
    "missing secret": Case(
        "/v1.0/secrets/vault/no", "", 500, "ERR_SECRET_GET",
        "failed getting secret with key no from secret store vault: secret no not found",
        "GetSecret", secret_pb2.GetSecretRequest(store_name="vault", key="no"), Code.INTERNAL, verb="GET",
    ),
    "denied secret": Case(
        "/v1.0/secrets/vault/db", "", 403, "ERR_PERMISSION_DENIED",
        'access denied by policy to get "db" from "vault"',
        "GetSecret", secret_pb2.GetSecretRequest(store_name="vault", key="db"), Code.PERMISSION_DENIED,
        verb="GET",
    ),
    "sealed vault": Case(
        "/v1.0/secrets/vault/bulk?metadata.fail=1", "", 500, "ERR_SECRET_GET",
        "failed getting secrets from secret store vault: the vault is sealed",
        "GetBulkSecret", secret_pb2.GetBulkSecretRequest(store_name="vault", metadata={"fail": "1"}),
        Code.INTERNAL, verb="GET",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_both_protocols_tell_the_fault(sidecars: Sidecars, case: Case) -> None:
    scopes = (SecretScope(store="vault", denied=("db",)),)
    sidecar = await sidecars.open(configuration=Configuration(secret_scopes=scopes))

    answer = await sidecar.call(case.verb, case.path, case.body)
    told = json.loads(answer.body)
    assert (answer.status, told["errorCode"], told["message"]) == (case.status, case.code, case.message)
    assert answer.headers["content-type"] == "application/json"
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in told.get("details", ())}
    wanted = {"ErrorInfo", *case.others} if case.reason else set()
    assert kinds.keys() == (set() if case.bare else wanted)

    status = await failed(sidecar, case.method, case.request)
    assert (status.code, status.message) == (case.grpc, case.message)
    packed = details(status)
    assert packed.keys() == wanted
    if case.reason:
        assert (packed["ErrorInfo"].reason, packed["ErrorInfo"].domain) == (case.reason, "dapr.io")
    if kinds:
        assert (kinds["ErrorInfo"]["reason"], kinds["ErrorInfo"]["domain"]) == (case.reason, "dapr.io")


async def test_nothing_configured_is_told_apart(sidecars: Sidecars) -> None:
    components = Components()
    components.catalog.state.clear()
    components.catalog.secretstores.clear()
    sidecar = await sidecars.open(components)

    answer = await sidecar.call("GET", "/v1.0/state/x/k")
    status = await failed(sidecar, "GetState", state_pb2.GetStateRequest(store_name="x", key="k"))
    assert (answer.status, json.loads(answer.body)["errorCode"]) == (500, "ERR_STATE_STORE_NOT_CONFIGURED")
    assert (status.code, status.message) == (Code.FAILED_PRECONDITION, "state store x is not configured")

    answer = await sidecar.call("GET", "/v1.0/secrets/x/k")
    status = await failed(sidecar, "GetSecret", secret_pb2.GetSecretRequest(store_name="x", key="k"))
    assert (answer.status, json.loads(answer.body)["errorCode"]) == (500, "ERR_SECRET_STORES_NOT_CONFIGURED")
    assert (status.code, status.message) == (Code.FAILED_PRECONDITION, "secret store is not configured")


async def test_details_carry_the_facts(sidecars: Sidecars) -> None:
    components = Components()
    components.store.limit = 1
    sidecar = await sidecars.open(components)
    operation = '{"operation":"delete","request":{"key":"k"}}'

    answer = await sidecar.call(
        "POST", "/v1.0/state/store/transaction", f'{{"operations":[{operation},{operation}]}}'
    )

    assert answer.status == 400
    assert json.loads(answer.body) == {
        "errorCode": "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS",
        "message": "the transaction contains 2 operations, "
        "which is more than what the state store supports: 1",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "dapr.io",
                "metadata": {"currentOpsTransaction": "2", "maxOpsPerTransaction": "1"},
                "reason": "DAPR_STATE_TOO_MANY_TRANSACTIONS",
            },
            {
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                "resource_name": "store",
                "resource_type": "state",
            },
        ],
    }


async def test_outbox_that_fails_tells_the_brokers_error(sidecars: Sidecars) -> None:
    components = Components()
    properties = {"outboxPublishPubsub": "broker", "outboxPublishTopic": "t"}
    components.catalog.state["store"] = loaded("store", "state.memory", components.store, properties)
    components.broker.failure = ComponentError("outbox error")
    sidecar = await sidecars.open(components)
    message = "error while publishing outbox message: rpc error: code = Unknown desc = outbox error"

    answer = await sidecar.call(
        "POST",
        "/v1.0/state/store/transaction",
        '{"operations":[{"operation":"upsert","request":{"key":"k"}}]}',
    )
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "errorCode": "ERR_PUBLISH_OUTBOX",
        "message": message,
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "dapr.io",
                "metadata": {"appID": "app", "error": "rpc error: code = Unknown desc = outbox error"},
                "reason": "DAPR_PUBSUB_OUTBOX",
            }
        ],
    }

    upsert = state_pb2.TransactionalStateOperation(operationType="upsert", request=common.StateItem(key="k"))
    status = await failed(
        sidecar,
        "ExecuteStateTransaction",
        state_pb2.ExecuteStateTransactionRequest(storeName="store", operations=[upsert]),
    )
    assert (status.code, status.message) == (Code.INTERNAL, message)
    assert details(status)["ErrorInfo"].reason == "DAPR_PUBSUB_OUTBOX"


@pytest.mark.parametrize(
    ("failure", "status", "grpc", "said"),
    [
        (ETagMismatchError(), 409, Code.ABORTED, "possible etag mismatch"),
        (ETagInvalidError("x"), 400, Code.INVALID_ARGUMENT, "invalid etag value: x"),
        (UnavailableError("no route"), 500, Code.INTERNAL, "no route"),
        (BulkError({"a": ETagMismatchError()}), 409, Code.ABORTED, "a: possible etag mismatch"),
        (
            BulkError({"a": ETagMismatchError(), "b": ETagInvalidError()}),
            400,
            Code.INVALID_ARGUMENT,
            "a: possible etag mismatch; b: invalid etag value",
        ),
        (
            BulkError({"a": ETagMismatchError(), "b": UnavailableError("x")}),
            500,
            Code.INTERNAL,
            "a: possible etag mismatch; b: x",
        ),
    ],
)
async def test_failure_of_a_store_keeps_its_kind(
    sidecar: Sidecar, failure: ComponentError, status: int, grpc: Code, said: str
) -> None:
    sidecar.components.store.failure = failure

    answer = await sidecar.call("POST", "/v1.0/state/store", ITEM)
    message = f"failed saving state in state store store: {said}"
    assert answer.status == status
    assert json.loads(answer.body) == {"errorCode": "ERR_STATE_SAVE", "message": message}

    told = await failed(sidecar, "SaveState", SAVE)
    assert (told.code, told.message) == (grpc, message)
    assert details(told)["ErrorInfo"].reason == "ERR_STATE_SAVE"


@pytest.mark.parametrize(
    ("verb", "path", "body", "code", "begin"),
    [
        ("GET", "/v1.0/state/store/k", "", "ERR_STATE_GET", "fail to get k from state store store"),
        (
            "POST",
            "/v1.0/state/store",
            ITEM,
            "ERR_STATE_SAVE",
            "failed saving state in state store store",
        ),
        ("DELETE", "/v1.0/state/store/k", "", "ERR_STATE_DELETE", "failed deleting state with key k"),
    ],
)
async def test_error_of_a_component_sets_the_status(
    sidecar: Sidecar, verb: str, path: str, body: str, code: str, begin: str
) -> None:
    sidecar.components.store.failure = CUSTOM

    answer = await sidecar.call(verb, path, body)

    assert answer.status == 506
    message = f"{begin}: api error: code = DataLoss desc = get-error"
    assert answer.body.decode() == json.dumps({"errorCode": code, "message": message}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("method", "request_", "reason", "begin"),
    [
        (
            "GetState",
            state_pb2.GetStateRequest(store_name="store", key="k"),
            "ERR_STATE_GET",
            "fail to get k from state store store",
        ),
        (
            "DeleteState",
            state_pb2.DeleteStateRequest(store_name="store", key="k"),
            "ERR_STATE_DELETE",
            "failed deleting state with key k",
        ),
        (
            "DeleteBulkState",
            state_pb2.DeleteBulkStateRequest(store_name="store", states=[common.StateItem(key="k")]),
            "ERR_STATE_BULK_DELETE",
            "failed deleting state in state store store",
        ),
        (
            "ExecuteStateTransaction",
            state_pb2.ExecuteStateTransactionRequest(
                storeName="store",
                operations=[
                    state_pb2.TransactionalStateOperation(
                        operationType="delete", request=common.StateItem(key="k")
                    )
                ],
            ),
            "ERR_STATE_TRANSACTION",
            "error while executing state transaction",
        ),
    ],
    ids=["get", "delete", "bulk delete", "transaction"],
)
async def test_reason_of_a_failed_store_is_its_code(
    sidecar: Sidecar, method: str, request_: Any, reason: str, begin: str
) -> None:
    sidecar.components.store.failure = UnavailableError("no route")

    status = await failed(sidecar, method, request_)

    assert (status.code, status.message) == (Code.INTERNAL, f"{begin}: no route")
    assert details(status)["ErrorInfo"].reason == reason


async def test_value_that_is_not_the_json_it_is_called_is_refused(sidecar: Sidecar) -> None:
    item = common.StateItem(key="k", value=b"{bad", metadata={"contentType": "application/json"})

    status = await failed(sidecar, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=[item]))

    assert status.code is Code.INVALID_ARGUMENT
    assert status.message.startswith('the value of "k" is announced as application/json: Expecting')


async def test_item_without_a_key_is_not_saved_over_grpc(sidecar: Sidecar) -> None:
    items = [common.StateItem(key="k"), common.StateItem()]

    status = await failed(sidecar, "SaveState", state_pb2.SaveStateRequest(store_name="store", states=items))

    assert (status.code, status.message) == (Code.INVALID_ARGUMENT, "state key cannot be empty")
    assert details(status)["ErrorInfo"].reason == "ERR_STATE_SAVE"
    assert not sidecar.components.store.values


async def test_error_of_a_component_passes_in_grpc(sidecar: Sidecar) -> None:
    sidecar.components.store.failure = CUSTOM

    for method, request in [
        ("GetState", state_pb2.GetStateRequest(store_name="store", key="k")),
        ("SaveState", SAVE),
        ("DeleteState", state_pb2.DeleteStateRequest(store_name="store", key="k")),
    ]:
        status = await failed(sidecar, method, request)
        info = details(status)["ErrorInfo"]
        assert (status.code, status.message) == (Code.DATA_LOSS, "get-error")
        assert (info.reason, info.domain) == ("why", "there")


async def test_error_of_a_query_is_the_answer(sidecar: Sidecar) -> None:
    sidecar.components.queryable.failure = CUSTOM

    answer = await sidecar.call("POST", "/v1.0-alpha1/state/queryable/query", "{}")

    assert answer.status == 506
    assert answer.body.decode() == (
        '{"errorCode":"tag","message":"get-error","details":'
        '[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"there","metadata":null,"reason":"why"}]}'
    )


@pytest.mark.parametrize("failure", [ETagMismatchError(), CUSTOM, UnavailableError("no route")])
async def test_failed_transaction_is_always_internal(sidecar: Sidecar, failure: ComponentError) -> None:
    sidecar.components.store.failure = failure
    body = '{"operations":[{"operation":"delete","request":{"key":"k"}}]}'

    answer = await sidecar.call("POST", "/v1.0/state/store/transaction", body)
    assert (answer.status, json.loads(answer.body)["errorCode"]) == (500, "ERR_STATE_TRANSACTION")

    operation = state_pb2.TransactionalStateOperation(
        operationType="delete", request=common.StateItem(key="k")
    )
    request = state_pb2.ExecuteStateTransactionRequest(storeName="store", operations=[operation])
    status = await failed(sidecar, "ExecuteStateTransaction", request)
    assert status.code is Code.INTERNAL
    assert status.message == f"error while executing state transaction: {failure}"


async def test_long_text_still_travels(sidecar: Sidecar) -> None:
    status = await failed(sidecar, "GetState", state_pb2.GetStateRequest(store_name="é" * 9000, key="k"))

    assert status.code is Code.INVALID_ARGUMENT
    assert status.message.endswith("…")
