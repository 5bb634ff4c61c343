"""How a call ended: gRPC's status codes, and the error that carries one."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The status codes of gRPC, with their numbers on the wire."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class StatusError(Exception):
    """
    A call that ended with a status other than OK.

    A handler raises it to answer its caller; a caller receives it. ``details`` are the bytes of a serialized
    ``google.rpc.Status`` as they travel in the trailer ``grpc-status-details-bin``, empty when there is none.
    """

    def __init__(self, code: Code, message: str = "", details: bytes = b"") -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.details = details
