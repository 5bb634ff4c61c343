"""
What the building blocks refuse or cannot do, with the facts; each class words its own sentence.

Nothing here knows a status or a code of a protocol: that is the table in ``api/errors.py``. Sentences that an
application may match on are daprd's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import ComponentError
from .gotext import go_name


class BlockError(Exception):
    """Any failure that an API of the sidecar tells its caller."""


class MalformedRequestError(BlockError):
    """The request cannot be read as what it should be."""


class NotOfferedError(BlockError):
    """A part of Dapr's API that this sidecar does not have."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not offered by this sidecar yet")


class NotOpenError(BlockError):
    """A part of the API that the configuration keeps from the application."""

    def __init__(self) -> None:
        super().__init__(
            "requested endpoint is not available: spec.api of the configuration does not allow it"
        )


class UnauthenticatedError(BlockError):
    """The caller did not show the token that the sidecar was started with."""

    def __init__(self, *, shown: bool) -> None:
        found = "is not the sidecar's" if shown else "is missing"
        super().__init__(f"invalid api token: dapr-api-token {found}; send the value of DAPR_API_TOKEN")


class NotReadyError(BlockError):
    """The sidecar is up, but not yet what health means."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is not ready" + (f": {reason}" if reason else ""))


class OutboundNotReadyError(NotReadyError):
    """Components are still being loaded, so no call out can be made."""


# --- state


class StateError(BlockError):
    """Something about one state store."""

    def __init__(self, message: str, store: str) -> None:
        super().__init__(message)
        self.store = store


class StateStoreNotConfiguredError(StateError):
    """There is no state store at all."""

    def __init__(self, store: str, app_id: str = "") -> None:
        super().__init__(f"state store {store} is not configured", store)
        self.app_id = app_id


class StateStoreNotFoundError(StateError):
    """There are state stores, but none of this name."""

    def __init__(self, store: str, app_id: str = "") -> None:
        super().__init__(f"state store {store} is not found", store)
        self.app_id = app_id


class IllegalKeyError(StateError):
    """A key, or the store's prefix, contains what separates the two."""

    def __init__(self, store: str, key: str) -> None:
        super().__init__(f"input key/keyPrefix '{key}' can't contain '||'", store)
        self.key = key


class MissingKeyError(MalformedRequestError):
    """An item to store or remove says no key."""

    def __init__(self) -> None:
        super().__init__('"key" is a required field')


class EmptyKeyError(MissingKeyError):
    """An item to store over gRPC says no key, for which daprd has other words there."""

    def __init__(self) -> None:
        MalformedRequestError.__init__(self, "state key cannot be empty")


class TransactionsNotSupportedError(StateError):
    """The store cannot apply several operations as one."""

    def __init__(self, store: str) -> None:
        super().__init__(f"state store {store} doesn't support transactions", store)


class TooManyOperationsError(StateError):
    """The transaction is longer than the store allows."""

    def __init__(self, store: str, *, count: int, limit: int) -> None:
        super().__init__(
            f"the transaction contains {count} operations, "
            f"which is more than what the state store supports: {limit}",
            store,
        )
        self.count = count
        self.limit = limit


class OperationNotSupportedError(BlockError):
    """A transaction's operation is neither an upsert nor a delete."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"operation type {operation} not supported")


class QueryNotSupportedError(StateError):
    """The store cannot be queried."""

    def __init__(self, store: str) -> None:
        super().__init__("state store does not support querying", store)


class QueryFailedError(StateError):
    """The query is none, or the store failed on it."""

    def __init__(self, store: str, reason: str, cause: ComponentError | None = None) -> None:
        super().__init__(f"state store {store} query failed: {reason}", store)
        self.cause = cause


class StateOperationError(StateError):
    """The store failed; ``cause`` is what it said, and ``failed`` the sentence before it."""

    def __init__(self, store: str, failed: str, cause: ComponentError) -> None:
        super().__init__(f"{failed}: {cause}", store)
        self.failed = failed
        self.cause = cause


class StateGetError(StateOperationError):
    """A value could not be read."""

    def __init__(self, store: str, key: str, cause: ComponentError) -> None:
        super().__init__(store, f"fail to get {key} from state store {store}", cause)


class StateBulkGetError(StateOperationError):
    """Several values could not be read."""

    def __init__(self, store: str, cause: ComponentError) -> None:
        super().__init__(store, f"fail to get keys in bulk from state store {store}", cause)


class StateSaveError(StateOperationError):
    """One or more values could not be stored."""

    def __init__(self, store: str, cause: ComponentError) -> None:
        super().__init__(store, f"failed saving state in state store {store}", cause)


class StateDeleteError(StateOperationError):
    """A value could not be removed."""

    def __init__(self, store: str, key: str, cause: ComponentError) -> None:
        super().__init__(store, f"failed deleting state with key {key}", cause)


class StateBulkDeleteError(StateOperationError):
    """Several values could not be removed."""

    def __init__(self, store: str, cause: ComponentError) -> None:
        super().__init__(store, f"failed deleting state in state store {store}", cause)


class TransactionFailedError(StateOperationError):
    """The store refused the transaction; nothing of it took effect."""

    def __init__(self, store: str, cause: ComponentError) -> None:
        super().__init__(store, "error while executing state transaction", cause)


# --- publish


class PublishingError(BlockError):
    """Something about publishing to one broker; ``facts`` go to the application beside the sentence."""

    def __init__(self, message: str, pubsub: str, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.pubsub = pubsub
        self.facts = facts


class PubSubNameEmptyError(PublishingError):
    """The request names no broker."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("pubsub name is empty", "", facts)


class PubSubNotFoundError(PublishingError):
    """There is no broker of this name."""

    def __init__(self, pubsub: str) -> None:
        super().__init__(f"pubsub {pubsub} is not found", pubsub)


class TopicEmptyError(PublishingError):
    """The request names no topic."""

    def __init__(self, pubsub: str, facts: Mapping[str, str]) -> None:
        super().__init__(f"topic is empty in pubsub {pubsub}", pubsub, facts)


class PublishMetadataError(PublishingError):
    """The request's metadata says something that is no value of that property."""

    def __init__(self, pubsub: str, reason: str, facts: Mapping[str, str]) -> None:
        super().__init__(f"failed deserializing metadata. Error: {reason}", pubsub, facts)


class CloudEventError(PublishingError):
    """The data announced as JSON, or as a CloudEvent, is none."""

    def __init__(self, pubsub: str, app_id: str, reason: str) -> None:
        super().__init__("cannot create cloudevent", pubsub, {"appID": app_id, "error": reason})


class TopicForbiddenError(PublishingError):
    """The component's scopes keep this application from the topic."""

    def __init__(self, pubsub: str, topic: str, app_id: str) -> None:
        message = f"topic {topic} is not allowed for app id {app_id}"
        super().__init__(message, pubsub, {"topic": topic, "error": message})


class SubscriptionForbiddenError(PublishingError):
    """The component's scopes keep this application from subscribing to the topic."""

    def __init__(self, pubsub: str, topic: str) -> None:
        super().__init__(
            f"failed to create subscription for {pubsub}: "
            f"subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed",
            pubsub,
            {"topic": topic},
        )


class PublishFailedError(PublishingError):
    """The broker did not take the message."""

    def __init__(self, pubsub: str, topic: str, cause: ComponentError) -> None:
        super().__init__(
            f"error when publishing to topic {topic} in pubsub {pubsub}: {cause}",
            pubsub,
            {"topic": topic, "error": str(cause)},
        )
        self.cause = cause


class EventsUnreadableError(PublishingError):
    """The body of a bulk publish is no list of messages."""

    def __init__(self, pubsub: str, topic: str, app_id: str, reason: str) -> None:
        super().__init__(
            f"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {reason}",
            pubsub,
            {"appID": app_id},
        )


class EntryError(PublishingError):
    """A message of a bulk publish cannot be told from the others, or has no data that it could carry."""

    def __init__(self, pubsub: str, topic: str, app_id: str, reason: str) -> None:
        super().__init__(
            f"error marshaling events to bytes for topic {topic} pubsub {pubsub}. error: {reason}",
            pubsub,
            {"appID": app_id, "error": reason},
        )


class OutboxError(PublishingError):
    """A transaction could not be announced, so it was not committed."""

    def __init__(self, pubsub: str, app_id: str, cause: PublishingError) -> None:
        reason = str(cause)
        if isinstance(cause, PublishFailedError):
            reason = f"rpc error: code = {go_name(cause.cause.code)} desc = {cause.cause}"
        facts = {"appID": app_id, "error": reason}
        super().__init__(f"error while publishing outbox message: {reason}", pubsub, facts)


# --- bindings


class BindingError(BlockError):
    """An output binding could not be invoked. ``metadata`` is what the far side answered all the same."""

    def __init__(self, binding: str, reason: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(f"error invoking output binding {binding}: {reason}")
        self.binding = binding
        self.metadata: dict[str, str] = dict(metadata or {})


class OperationMissingError(BindingError):
    """The request names no operation."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding, "operation field is missing from request")


class BindingNotFoundError(BindingError):
    """There is no output binding of this name."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding, f"couldn't find output binding {binding}")


class BindingOperationError(BindingError):
    """The binding does not offer the operation."""

    def __init__(self, binding: str, operation: str, offered: Sequence[str]) -> None:
        super().__init__(
            binding,
            f"binding {binding} does not support operation {operation}. "
            f"supported operations:{' '.join(offered)}",
        )


# --- secrets


class SecretError(BlockError):
    """What the secrets block cannot do."""


class SecretStoresNotConfiguredError(SecretError):
    """There is no secret store at all."""

    def __init__(self) -> None:
        super().__init__("secret store is not configured")


class SecretStoreNotFoundError(SecretError):
    """There are secret stores, but none of this name."""

    def __init__(self, store: str) -> None:
        super().__init__(f"failed finding secret store with key {store}")


class SecretDeniedError(SecretError):
    """The configuration's scopes keep this secret from the application."""

    def __init__(self, store: str, key: str) -> None:
        super().__init__(f'access denied by policy to get "{key}" from "{store}"')


class SecretGetError(SecretError):
    """The store could not give the secret."""

    def __init__(self, store: str, key: str, cause: ComponentError) -> None:
        super().__init__(f"failed getting secret with key {key} from secret store {store}: {cause}")


class BulkSecretGetError(SecretError):
    """The store could not give its secrets."""

    def __init__(self, store: str, cause: ComponentError) -> None:
        super().__init__(f"failed getting secrets from secret store {store}: {cause}")
