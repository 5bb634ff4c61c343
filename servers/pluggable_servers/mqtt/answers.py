"""What the broker has yet to acknowledge: who waits for it, for how long, and when it is given up."""

from __future__ import annotations

import asyncio
from typing import Final

from paho.mqtt import client as paho
from paho.mqtt.enums import MessageState
from paho.mqtt.reasoncodes import ReasonCode

from pluggable.errors import ComponentError, TimedOutError, UnavailableError

#: How long the broker may take to answer anything.
PATIENCE: Final = 20.0
#: So many connections may break on what was sent; a broker hangs up on a message that is too large for it.
MOST_BREAKS: Final = 3
#: In what state the client counts a message as under way.
_UNDER_WAY: Final = (
    MessageState.MQTT_MS_WAIT_FOR_PUBACK,
    MessageState.MQTT_MS_WAIT_FOR_PUBREC,
    MessageState.MQTT_MS_WAIT_FOR_PUBCOMP,
)


class Answers:
    """The answers of one broker to one client, by the number of what was sent."""

    def __init__(self, client: paho.Client, address: str) -> None:
        self._client = client
        self._address = address
        self._trouble: ComponentError | None = None
        self._waiting: dict[int, asyncio.Future[ReasonCode | None]] = {}
        self._breaks: dict[int, int] = {}

    async def to(self, mid: int, what: str) -> ReasonCode | None:
        """
        Wait for the answer; a message without one is not sent again on the next connection.

        Raises:
            UnavailableError: connection after connection was lost meanwhile.
            TimedOutError: there was none; the broker may have got it.
        """
        answer = self._waiting[mid] = asyncio.get_running_loop().create_future()
        answered = False
        try:
            async with asyncio.timeout(PATIENCE):
                code: ReasonCode | None = await answer
            answered = True
        except UnavailableError as error:
            raise UnavailableError(
                f"{error}; {MOST_BREAKS} connections in a row, while {what} waited to be acknowledged: "
                "the broker may not take it, see how large it is and who may publish there"
            ) from None
        except TimeoutError:
            trouble = f"; {self._trouble}" if self._trouble else ""
            raise TimedOutError(
                f"mqtt {self._address}: the broker did not acknowledge {what} within {PATIENCE:g} s{trouble}"
            ) from None
        finally:
            if self._waiting.get(mid) is answer:
                del self._waiting[mid]
            self._breaks.pop(mid, None)
            if not answered:
                self._forget(mid)
        return code

    def arrived(self, mid: int, code: ReasonCode | None) -> None:
        """Hand over an answer."""
        answer = self._waiting.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(code)

    def connected(self) -> None:
        """Note that there is a connection."""
        self._trouble = None

    def lost(self, trouble: ComponentError) -> None:
        """Give up what several connections broke on: sent once more, it would break the next."""
        self._trouble = trouble
        for mid, answer in self._waiting.items():
            breaks = self._breaks[mid] = self._breaks.get(mid, 0) + 1
            if breaks == MOST_BREAKS and not answer.done():
                answer.set_exception(trouble)

    def cancel(self) -> None:
        """Let nobody wait any longer."""
        for answer in self._waiting.values():
            answer.cancel()

    def _forget(self, mid: int) -> None:
        """Take a message from the client, which keeps it over connections until it is acknowledged."""
        with self._client._out_message_mutex:
            message = self._client._out_messages.pop(mid, None)
            if message is not None and message.state in _UNDER_WAY:
                self._client._inflight_messages -= 1
                self._client._update_inflight()
