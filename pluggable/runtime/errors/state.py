"""What state stores refuse or cannot do."""

from __future__ import annotations

from ...errors import ComponentError
from .base import BlockError, MalformedRequestError


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
