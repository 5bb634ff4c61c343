"""Conversations with language models: which component, and what comes of asking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ComponentError
from ..components.catalog import Catalog
from ..errors.conversation import ConversationNotFoundError, ConverseError

if TYPE_CHECKING:  # a sidecar without such a component never loads it
    from ... import conversation


class Conversations:
    """The language models by name."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def model(self, name: str) -> Model:
        """
        Return the component of this name.

        Raises:
            ConversationNotFoundError: there is none.
        """
        loaded = self._catalog.conversation.get(name)
        if loaded is None:
            raise ConversationNotFoundError(name)
        return Model(name, loaded.component)


class Model:
    """One language model."""

    def __init__(self, name: str, component: conversation.Conversation) -> None:
        self.name = name
        self._component = component

    async def converse(self, request: conversation.ConverseRequest) -> conversation.ConverseResponse:
        """
        Return what the model says.

        Raises:
            ConverseError: the model, or its host, failed.
        """
        try:
            return await self._component.converse(request)
        except ComponentError as error:
            raise ConverseError(self.name, error) from error
