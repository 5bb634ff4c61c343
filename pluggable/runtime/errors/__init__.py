"""
What the building blocks refuse or cannot do, with the facts; each class words its own sentence.

Nothing here knows a status or a code of a protocol: that is the table in ``api/errors.py``. Sentences that an
application may match on are daprd's. Those of blocks that few applications use have to be imported from
their modules.
"""

from __future__ import annotations

from .base import (
    BlockError as BlockError,
    MalformedRequestError as MalformedRequestError,
    NotOfferedError as NotOfferedError,
    NotOpenError as NotOpenError,
    NotReadyError as NotReadyError,
    OutboundNotReadyError as OutboundNotReadyError,
    UnauthenticatedError as UnauthenticatedError,
)
from .bindings import (
    BindingError as BindingError,
    BindingNotFoundError as BindingNotFoundError,
    BindingOperationError as BindingOperationError,
    OperationMissingError as OperationMissingError,
)
from .publishing import (
    CloudEventError as CloudEventError,
    EntryError as EntryError,
    EventsUnreadableError as EventsUnreadableError,
    OutboxError as OutboxError,
    PublishFailedError as PublishFailedError,
    PublishingError as PublishingError,
    PublishMetadataError as PublishMetadataError,
    PubSubNameEmptyError as PubSubNameEmptyError,
    PubSubNotFoundError as PubSubNotFoundError,
    SubscriptionForbiddenError as SubscriptionForbiddenError,
    TopicEmptyError as TopicEmptyError,
    TopicForbiddenError as TopicForbiddenError,
)
from .secrets import (
    BulkSecretGetError as BulkSecretGetError,
    SecretDeniedError as SecretDeniedError,
    SecretError as SecretError,
    SecretGetError as SecretGetError,
    SecretStoreNotFoundError as SecretStoreNotFoundError,
    SecretStoresNotConfiguredError as SecretStoresNotConfiguredError,
)
from .state import (
    EmptyKeyError as EmptyKeyError,
    IllegalKeyError as IllegalKeyError,
    MissingKeyError as MissingKeyError,
    OperationNotSupportedError as OperationNotSupportedError,
    QueryFailedError as QueryFailedError,
    QueryNotSupportedError as QueryNotSupportedError,
    StateBulkDeleteError as StateBulkDeleteError,
    StateBulkGetError as StateBulkGetError,
    StateDeleteError as StateDeleteError,
    StateError as StateError,
    StateGetError as StateGetError,
    StateOperationError as StateOperationError,
    StateSaveError as StateSaveError,
    StateStoreNotConfiguredError as StateStoreNotConfiguredError,
    StateStoreNotFoundError as StateStoreNotFoundError,
    TooManyOperationsError as TooManyOperationsError,
    TransactionFailedError as TransactionFailedError,
    TransactionsNotSupportedError as TransactionsNotSupportedError,
)
