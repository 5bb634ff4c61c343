"""daprd's log format: a line of ``key=value`` as logrus writes it, or a JSON object."""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
from datetime import datetime
from typing import Final

from .._records import attributed, fields_of, level_word, message_of, quieten
from .config import RuntimeConfig

#: What daprd calls a development build.
DEVELOPMENT_VERSION: Final = "edge"

_HANDLER: Final = "pluggable-runtime"
_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_BARE: Final = re.compile(r"[A-Za-z0-9._/@^+-]*")
_SHORT: Final = {
    "\a": "a",
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\v": "v",
    '"': '"',
    "\\": "\\",
}
_ESCAPES: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)},
    **{ord(char): "\\" + short for char, short in _SHORT.items()},
}


def setup(config: RuntimeConfig, version: str = DEVELOPMENT_VERSION) -> None:
    """Let all logs of this process go to standard output, or the file named, in daprd's format."""
    handler: logging.Handler
    if config.log_file is None:
        handler = logging.StreamHandler(sys.stdout)
    else:
        handler = logging.FileHandler(config.log_file, encoding="utf-8", errors="backslashreplace")
    handler.name = _HANDLER
    handler.setFormatter(Formatter(config.app_id, version, as_json=config.log_as_json))
    level = _LEVELS[config.log_level]
    root = logging.getLogger()
    for old in [each for each in root.handlers if each.name == _HANDLER]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    quieten(level)


class Formatter(logging.Formatter):
    """Writes a record as daprd would; a traceback stays in its record's message, on the same line."""

    def __init__(self, app_id: str, version: str, *, as_json: bool = False) -> None:
        super().__init__()
        self._fields = {"app_id": app_id, "instance": socket.gethostname(), "type": "log", "ver": version}
        self._as_json = as_json
        self._who = " ".join(f"{name}={quoted(self._fields[name])}" for name in ("app_id", "instance"))
        self._what = " ".join(f"{name}={quoted(self._fields[name])}" for name in ("type", "ver"))

    def format(self, record: logging.LogRecord) -> str:
        message = message_of(record)
        time = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="microseconds")
        level = level_word(record)
        if self._as_json:
            fields = {**self._fields, "time": time, "level": level, "msg": message, "scope": record.name}
            fields |= fields_of(record)
            return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        message, scope = attributed(record, message), quoted(record.name)
        return f'time="{time}" level={level} msg={quoted(message)} {self._who} scope={scope} {self._what}'


def quoted(text: str) -> str:
    """Return the text as logrus writes a value: bare if it is simple, else in quotes and escaped as in Go."""
    return text if _BARE.fullmatch(text) else f'"{text.translate(_ESCAPES)}"'
