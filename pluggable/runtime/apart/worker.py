"""The program of the process that huge inputs are worked on in: it answers one call after the other."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

#: So many items of a list are sent together: reading more at a time would hold the sidecar's threads.
_TOGETHER: Final = 500


def main() -> None:
    """Answer what comes on standard input, until its end."""
    for each in (signal.SIGINT, signal.SIGTERM):  # the sidecar's end closes the input
        signal.signal(each, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed is no answer
    with os.fdopen(os.dup(0), "rb") as calls, answers:
        while True:
            try:
                function, args, kwargs = pickle.load(calls)
            except EOFError:
                return
            answer(answers, function, args, kwargs)
            del args, kwargs  # they are large, and the next call may be long in coming


def answer(answers: BinaryIO, function: Any, args: Any, kwargs: Any) -> None:
    """Call the function and send what becomes of it."""
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  it is the caller's, and raised there
        pickle.dump(("error", type(error), error.args, _own(error)), answers, pickle.HIGHEST_PROTOCOL)
    else:
        for piece in _pieces(result):
            pickle.dump(piece, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _pieces(result: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(result, list):
        for at in range(0, len(result), _TOGETHER):
            yield ("more", result[at : at + _TOGETHER])
        yield ("list", None)
    else:
        yield ("value", result)


def _own(error: Exception) -> dict[str, Any]:
    """Return the error's attributes, as far as they are plain."""
    return {name: value for name, value in vars(error).items() if isinstance(value, str | int | dict | None)}


if __name__ == "__main__":
    main()
