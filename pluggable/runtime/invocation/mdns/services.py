"""Applications as services of multicast DNS, named as daprd names them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ....transport.addresses import joined
from .messages import AAAA, ANY, PTR, SRV, TXT, A, Message, Name, Question, Record, same

_DOMAIN: Final = "local"
#: How long what is said here holds.
SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """
    A sidecar, as others on the network are to know it.

    Source: components-contrib ``nameresolution/mdns``: the type is the application's id alone, and so is the
    text, without which daprd heeds no answer.
    """

    app_id: str
    host: str
    """Unique to the process: others say another address of the host's own name."""
    address: str
    port: int

    @property
    def type(self) -> Name:
        """What is asked for."""
        return service(self.app_id)

    def records(self, seconds: int = SECONDS) -> tuple[Record, ...]:
        """Return all that there is to say; the first answers who asks for the type."""
        instance, host = (self.host, *self.type), (self.host, _DOMAIN)
        kind = A if ipaddress.ip_address(self.address).version == 4 else AAAA
        return (
            Record(name=self.type, kind=PTR, seconds=seconds, target=instance, shared=True),
            Record(name=instance, kind=SRV, seconds=seconds, target=host, port=self.port),
            Record(name=instance, kind=TXT, seconds=seconds, texts=(self.app_id.encode(),)),
            Record(name=host, kind=kind, seconds=seconds, address=self.address),
        )

    def asked_for(self, questions: tuple[Question, ...]) -> bool:
        """Whether one of the questions is about this sidecar."""
        records = self.records()
        return any(
            same(question.name, record.name) and question.kind in (record.kind, ANY)
            for question in questions
            for record in records
        )


def service(app_id: str) -> Name:
    """Return the name under which an application's sidecars are asked for."""
    return (app_id, _DOMAIN)


def question(app_id: str) -> bytes:
    """Return the message that asks for an application's sidecars."""
    return Message(questions=(Question(name=service(app_id), kind=PTR),)).packed()


def found(message: Message, app_id: str) -> Iterator[tuple[str, bool]]:
    """Yield the addresses that an answer gives for an application, and whether each still holds."""
    wanted, text = service(app_id), app_id.encode()
    for pointer in message.records:
        if pointer.kind != PTR or not same(pointer.name, wanted):
            continue
        about = [record for record in message.records if same(record.name, pointer.target)]
        if not any(record.kind == TXT and record.texts == (text,) for record in about):
            continue
        for record in about:
            if record.kind == SRV and (address := _address(message, record.target)):
                yield joined(address, record.port), pointer.seconds > 0


def _address(message: Message, host: Name) -> str:
    """Return the host's address, of the older kind where it has both."""
    addresses = {
        record.kind: record.address for record in reversed(message.records) if same(record.name, host)
    }
    return addresses.get(A) or addresses.get(AAAA, "")
