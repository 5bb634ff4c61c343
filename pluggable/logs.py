"""
Log lines that say for which component they are: its type, the instance's name and the method.

``serve()`` and ``pluggable serve`` log so unless logging is set up already. A handler of your own learns the
same from the filter: ``handler.addFilter(CallFields())``, then ``%(component)s`` and its like in its format.
The formatters here also hide the secrets of components in lines that others log; a formatter of your own does
not.
"""

from __future__ import annotations

import logging
from typing import Final

from ._called import CALLED
from ._records import FIELDS, attributed, json_line, quieten
from ._secrets import KNOWN

_FORMAT: Final = "%(levelname)s %(name)s: %(message)s"


class CallFields(logging.Filter):
    """
    Gives each record ``component``, ``component_instance`` and ``method``; lets all pass.

    They are empty where nothing is done for a component, ``method`` also after the call is over.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill in the fields that the record's author did not."""
        called = CALLED.get()
        values = (called.component, called.instance, called.method) if called else ("", "", "")
        for name, value in zip(FIELDS, values, strict=True):
            record.__dict__.setdefault(name, value)
        return True


class LineFormatter(logging.Formatter):
    """
    Writes ``INFO shelf: state.shelf "orders" Set: stored``, given what ``CallFields`` adds.

    Secrets that components were initialised with are not shown, whoever logs them.
    """

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback if there is one."""
        return KNOWN.hidden_in(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's
        """Put before the message whom it is about."""
        record.message = attributed(record, record.message)
        return super().formatMessage(record)


class JSONFormatter(logging.Formatter):
    """
    Writes an object on a line: daprd's fields and those of ``CallFields``; a traceback is in ``msg``.

    Secrets that components were initialised with are not shown, whoever logs them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return KNOWN.hidden_in(json_line(record))


def setup(*, as_json: bool = False, level: int = logging.INFO) -> None:
    """Let all logs of this process go to standard error; does nothing where logging is set up already."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler()
    handler.addFilter(CallFields())
    handler.setFormatter(JSONFormatter() if as_json else LineFormatter())
    root.addHandler(handler)
    root.setLevel(level)
    quieten(level)
