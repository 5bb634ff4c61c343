"""Output bindings: one operation of one component."""

from __future__ import annotations

from collections.abc import Mapping

from ... import bindings
from ...errors import ComponentError, InvokeError
from ...metadata import NO_METADATA
from ..components.catalog import Catalog
from ..errors import BindingError, BindingNotFoundError, BindingOperationError, OperationMissingError


class Bindings:
    """The output bindings by name."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def invoke(
        self, name: str, operation: str, data: bytes, metadata: Mapping[str, str] = NO_METADATA
    ) -> bindings.InvokeResponse:
        """
        Perform one operation.

        Raises:
            BindingError: there is no such binding or operation, or the binding failed.
        """
        if not operation:
            raise OperationMissingError(name)
        loaded = self._catalog.outputs.get(name)
        if loaded is None:
            raise BindingNotFoundError(name)
        binding = loaded.component
        if operation not in binding.operations:
            raise BindingOperationError(name, operation, binding.operations)
        request = bindings.InvokeRequest(operation=operation, data=data, metadata=metadata)
        try:
            return await binding.invoke(request)
        except InvokeError as error:
            raise BindingError(name, str(error), error.metadata) from error
        except ComponentError as error:
            raise BindingError(name, str(error)) from error
