"""What the errors of MySQL and its driver mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from asyncmy import errors as of

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

#: What a call to MySQL can raise.
FAILURES: Final = (of.MySQLError, OSError, TimeoutError, EOFError, RuntimeError)
#: Another transaction was in the way: as if nothing had been asked, so it is asked again.
AGAIN: Final = (1205, 1213, 1020)
#: By the server's number, or the driver's.
_MEANING: Final[dict[int, type[ComponentError]]] = {
    1021: LimitExceededError,
    1037: LimitExceededError,
    1040: LimitExceededError,
    1041: LimitExceededError,
    1044: DeniedError,
    1045: DeniedError,
    1053: UnavailableError,
    1064: InvalidRequestError,
    1114: LimitExceededError,
    1142: DeniedError,
    1143: DeniedError,
    1153: InvalidRequestError,
    1203: LimitExceededError,
    1205: UnavailableError,
    1213: UnavailableError,
    1226: LimitExceededError,
    1227: DeniedError,
    1290: UnavailableError,
    1366: InvalidRequestError,
    1406: InvalidRequestError,
    1698: DeniedError,
    1927: UnavailableError,
    3024: TimedOutError,
    3140: InvalidRequestError,
    4025: InvalidRequestError,
}
_OF_THE_DRIVER: Final = range(2000, 2100)


def error_of(error: BaseException, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"mysql {address}: {_words(error)}"
    if isinstance(error, TimeoutError):
        return TimedOutError(f"{text}; the server gave no answer in time")
    if not isinstance(error, of.MySQLError):
        return UnavailableError(text)
    number = number_of(error)
    if number in _OF_THE_DRIVER or number == 0 or isinstance(error, of.InterfaceError):
        return UnavailableError(text)
    hint = "; check the user and the password of connectionString" if number == 1045 else ""
    return _MEANING.get(number, ComponentError)(text + hint)


def number_of(error: BaseException) -> int:
    """Return the error's number, 0 where it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _words(error: BaseException) -> str:
    if isinstance(error, of.MySQLError) and len(error.args) > 1:
        return f"{error.args[1]} ({error.args[0]})"
    return str(error) or type(error).__name__
