"""Log records and the component they are about: as text, as JSON, and back from a child's JSON."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any, Final

#: What a record has from its filter, and a line in JSON where it is not empty. ``instance`` alone would be
#: taken for daprd's field of that name, which is a host.
FIELDS: Final = ("component", "component_instance", "method")
#: daprd's words for levels, from logrus.
LEVELS: Final = {
    "fatal": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
#: Whose words at debug are about themselves, grpcio's for every call, and not about a component; those of
#: AWS's client have all that it sends, with credentials that no setting has.
CHATTERERS: Final = ("asyncio", "grpc", "urllib3", "botocore", "aiobotocore")

_TRACEBACKS: Final = logging.Formatter()


def quieten(level: int) -> None:
    """Keep the libraries that talk of themselves at debug from doing so."""
    for name in CHATTERERS:
        logging.getLogger(name).setLevel(max(level, logging.INFO))


def json_line(record: logging.LogRecord) -> str:
    """Return a record as an object on one line."""
    fields = {
        "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="microseconds"),
        "level": level_word(record),
        "msg": message_of(record),
        "scope": record.name,
        "type": "log",
    }
    return json.dumps(fields | fields_of(record), ensure_ascii=False, separators=(",", ":"))


def record_of(line: str) -> logging.LogRecord | None:
    """Return the record that ``json_line`` made a line of; ``None`` for any other line."""
    if not line.startswith('{"time":'):
        return None
    try:
        said: dict[str, Any] = json.loads(line)
        fields = {
            "name": said["scope"],
            "levelno": LEVELS[said["level"]],
            "levelname": logging.getLevelName(LEVELS[said["level"]]),
            "msg": said["msg"],
            "created": datetime.fromisoformat(said["time"]).timestamp(),
        }
    except (ValueError, KeyError, TypeError):
        return None
    return logging.makeLogRecord(fields | {name: said.get(name, "") for name in FIELDS})


def message_of(record: logging.LogRecord) -> str:
    """Return the message, with the traceback if there is one."""
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{_TRACEBACKS.formatException(record.exc_info)}"
    return message


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """Return what the record says of its component, without what it does not say."""
    return {name: value for name in FIELDS if (value := record.__dict__.get(name))}


def attributed(record: logging.LogRecord, message: str) -> str:
    """Return the message behind whom it is about, unless it says so itself."""
    if not (component := record.__dict__.get("component")):
        return message
    label = f'{component} "{_on_one_line(record.__dict__.get("component_instance", ""))}"'
    if message.startswith(label):
        return message
    method = record.__dict__.get("method")
    return f"{label}{f' {method}' if method else ''}: {message.removeprefix(f'{component}: ')}"


def level_word(record: logging.LogRecord) -> str:
    """Return daprd's word for the record's level, or for the next below it."""
    return next((word for word, least in LEVELS.items() if record.levelno >= least), "debug")


def _on_one_line(name: str) -> str:
    """Return a name without what would end a line; one that came as bytes may hold anything."""
    return name if name.isprintable() else json.dumps(name)[1:-1]
