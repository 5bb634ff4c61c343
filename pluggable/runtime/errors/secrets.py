"""What secret stores refuse or cannot do."""

from __future__ import annotations

from ...errors import ComponentError
from .base import BlockError


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
