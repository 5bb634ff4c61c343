"""An answer's body on its way to the client, in pieces as they are there."""

from __future__ import annotations

import logging
from typing import Protocol

from ...bodies import Pieces

logger: logging.Logger = logging.getLogger(__name__)


class Giving(Protocol):
    """The connection, as far as a body needs it."""

    async def give(self, data: bytes) -> bool:
        """Write, wait until the client may be sent more, and return whether it is still there."""


async def download(pieces: Pieces, connection: Giving, *, chunked: bool) -> bool:
    """
    Send a body and return whether all of it was sent.

    Its head is out, so one that fails can only be cut off, for the client to see that it is not whole.
    """
    try:
        async for piece in pieces:
            data = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
            if not await connection.give(data):
                return False
        return not chunked or await connection.give(b"0\r\n\r\n")
    except Exception as error:  # noqa: BLE001  whatever it was, the client is told by the cut; it is logged
        logger.warning("an answer is cut off: %s", error)
        return False
    finally:
        await pieces.aclose()
