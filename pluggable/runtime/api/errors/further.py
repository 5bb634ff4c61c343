"""
The table's rows for configuration, locks, cryptography and conversation.

Source: dapr/dapr ``pkg/messages/predefined.go``, ``pkg/api/grpc/grpc.go``.
"""

from __future__ import annotations

from ....transport import Code
from ...errors import BlockError, configuration, conversation, crypto, lock
from .row import Row

_PREFIX = "ERR_CONFIGURATION_"


def _configuration(status: int, word: str, grpc: Code) -> Row:
    code = _PREFIX + word
    return Row(status, code, grpc, reason=code, bare_in_http=True)


FURTHER_ROWS: dict[type[BlockError], Row] = {
    configuration.ConfigurationStoresNotConfiguredError: _configuration(
        500, "STORE_NOT_CONFIGURED", Code.FAILED_PRECONDITION
    ),
    configuration.ConfigurationStoreNotFoundError: _configuration(
        400, "STORE_NOT_FOUND", Code.INVALID_ARGUMENT
    ),
    configuration.ConfigurationGetError: _configuration(500, "GET", Code.INTERNAL),
    configuration.ConfigurationSubscribeError: _configuration(500, "SUBSCRIBE", Code.INVALID_ARGUMENT),
    configuration.TooManySubscriptionsError: _configuration(500, "SUBSCRIBE", Code.RESOURCE_EXHAUSTED),
    configuration.NoApplicationError: Row(500, "ERR_APP_CHANNEL_NIL", Code.FAILED_PRECONDITION),
    lock.LockStoresNotConfiguredError: Row(500, "ERR_LOCK_STORE_NOT_CONFIGURED", Code.FAILED_PRECONDITION),
    lock.LockStoreNotFoundError: Row(400, "ERR_LOCK_STORE_NOT_FOUND", Code.INVALID_ARGUMENT),
    lock.LockRequestError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    lock.TryLockError: Row(500, "ERR_TRY_LOCK", Code.INTERNAL),
    lock.UnlockError: Row(500, "ERR_UNLOCK", Code.INTERNAL),
    crypto.CryptoProvidersNotConfiguredError: Row(500, "ERR_CRYPTO_PROVIDERS_NOT_CONFIGURED", Code.INTERNAL),
    crypto.CryptoProviderNotFoundError: Row(400, "ERR_CRYPTO_PROVIDER_NOT_FOUND", Code.INVALID_ARGUMENT),
    crypto.CryptoRequestError: Row(400, "ERR_BAD_REQUEST", Code.INVALID_ARGUMENT),
    crypto.CryptoKeyError: Row(500, "ERR_CRYPTO_KEY", Code.INTERNAL),
    crypto.CryptoOperationError: Row(500, "ERR_CRYPTO", Code.INTERNAL),
    conversation.ConversationNotFoundError: Row(400, "ERR_CONVERSATION_NOT_FOUND", Code.INVALID_ARGUMENT),
    conversation.MissingInputsError: Row(400, "ERR_CONVERSATION_MISSING_INPUTS", Code.INVALID_ARGUMENT),
    conversation.InvalidParametersError: Row(400, "ERR_CONVERSATION_INVALID_PARMS", Code.INVALID_ARGUMENT),
    conversation.ConverseError: Row(500, "ERR_CONVERSATION_INVOKE", Code.INTERNAL),
}
