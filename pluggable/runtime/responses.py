"""
What an application has its sidecar do in its answer to a binding's event: store values, call output bindings.

Source: dapr/dapr ``pkg/runtime/processor/binding/send.go``. As there, what fails is logged and takes nothing
back: the event has been handled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from .. import state
from .appchannel import BindingAnswer
from .blocks import Blocks
from .errors import BlockError

OPERATION = "create"

logger: logging.Logger = logging.getLogger(__name__)


class Responses:
    """Does what answers ask for, by the same blocks that the application could have called itself."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    async def __call__(self, name: str, answer: BindingAnswer) -> None:
        """Do what the answer to an event of this binding asks for."""
        if answer.states:
            await self._save(name, answer.store, answer.states)
        if answer.to and answer.parallel:
            await asyncio.gather(*(self._send(name, to, answer.payload) for to in answer.to))
            return
        for to in answer.to:
            if not await self._send(name, to, answer.payload):
                break

    async def _save(self, name: str, store_name: str, states: Sequence[state.SetRequest]) -> None:
        try:
            store = self._blocks.state.store(store_name)
            await store.save([replace(each, key=store.key(each.key)) for each in states])
        except BlockError as error:
            logger.error(  # noqa: TRY400  the error says it all
                "error saving state from app response to binding %s: %s", name, error
            )

    async def _send(self, name: str, to: str, payload: bytes) -> bool:
        try:
            await self._blocks.bindings.invoke(to, OPERATION, payload)
        except BlockError as error:
            logger.error(  # noqa: TRY400  the error says it all
                "error executing app response to binding %s: %s", name, error
            )
            return False
        return True
