"""What is to be written, as one transaction of etcd's: its conditions, and what each key is in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pluggable.errors import ETagMismatchError
from pluggable.state import Concurrency, DeleteRequest, SetRequest

from ._proto import etcd_pb2 as pb

Write = SetRequest | DeleteRequest


@dataclass(slots=True)
class Plan:
    """The last write of each key, and the revision each is to be at before; 0 is a key that is not there."""

    last: dict[str, Write] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, operations: Sequence[Write]) -> Plan:
        """
        Return the plan for operations that happen in order and all at once.

        Raises:
            ETagMismatchError: a condition cannot hold, whatever is stored.
        """
        plan = cls()
        for operation in operations:
            plan._add(operation)
        return plan

    def _add(self, operation: Write) -> None:
        key = operation.key
        condition = _condition(operation)
        before = self.last.get(key)
        if condition is not None:
            # etcd takes a key once in a transaction, so what an earlier operation leaves is judged here.
            if before is None:
                self.wanted[key] = condition
            elif condition != 0 or isinstance(before, SetRequest):
                raise mismatch(key, operation.etag)
        self.last[key] = operation


def mismatch(key: str, expected: str | None) -> ETagMismatchError:
    """Return the error of a write whose condition does not hold."""
    if expected:
        return ETagMismatchError(f'"{key}" is not at {expected}')
    return ETagMismatchError(f'"{key}" is there already')


def comparison(key: bytes, revision: int) -> pb.Compare:
    """Return the condition that a key was last written at a revision; 0 is a key that is not there."""
    return pb.Compare(target=pb.Compare.MOD, key=key, mod_revision=revision)


def is_conditional(operation: Write) -> bool:
    """Return whether it depends on what is stored."""
    return bool(operation.etag) or operation.concurrency is Concurrency.FIRST_WRITE


def _condition(operation: Write) -> int | None:
    """Return the revision that the key must be at, ``None`` for any."""
    if operation.etag:
        return _revision(operation.key, operation.etag)
    return 0 if operation.concurrency is Concurrency.FIRST_WRITE else None


def _revision(key: str, etag: str) -> int:
    # As in daprd: what is no revision is one that the key is not at.
    if not (etag.isascii() and etag.isdecimal() and etag[0] != "0" and int(etag) < 2**63):
        raise mismatch(key, etag)
    return int(etag)
