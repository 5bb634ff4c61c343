"""
The YAML files of ``--resources-path`` and ``--config``, read whole, with all faults of all files at once.

What daprd does not start with raises; a document that it leaves out is left out, and logged as an error.
Source: dapr/dapr ``pkg/internal/loader/disk``, ``pkg/config/configuration.go``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from . import kinds
from .documents import documents
from .faults import Fault as Fault, ManifestError as ManifestError, Severity
from .reading import Reading, text_of
from .tree import Document
from .values import Configuration, Origin, Resources

#: A configuration is not left out: what costs a resource its document is fatal there.
_GRAVE: Final = {Severity.SKIPPED: Severity.FATAL}
_VARIABLE: Final = re.compile(r"\$(?:\{([^}\n]*)\}|([A-Za-z_][A-Za-z0-9_]*))")

logger: logging.Logger = logging.getLogger(__name__)


def load_resources(
    paths: Sequence[Path], *, app_id: str, namespace: str = "", known: Resources | None = None
) -> Resources:
    """
    Return what the folders and files describe for this application, in file order.

    Faults that cost no more than their document are logged; with what is ``known`` from the last time, less
    is lost (see ``Reading``).

    Raises:
        ManifestError: the sidecar must not start, or go on, with these.
    """
    reading = Reading(app_id, namespace, known)
    for path in paths:
        reading.read(path)
    _settle(reading.faults)
    return reading.resources()


def read_resources(
    paths: Sequence[Path], *, app_id: str | None, namespace: str = ""
) -> tuple[Resources, tuple[Fault, ...]]:
    """Return what the files describe for this application, or for any, and all faults, whatever they cost."""
    reading = Reading(app_id, namespace)
    for path in paths:
        reading.read(path)
    return reading.resources(), tuple(reading.faults)


def load_configuration(paths: Sequence[Path], environ: Mapping[str, str]) -> Configuration:
    """
    Return the configuration of the files, each laid over those before it; ``$NAME`` stands for a variable.

    Raises:
        ManifestError: any fault, for a configuration is not started without.
    """
    found = Configuration()
    faults: list[Fault] = []
    for path in paths:
        text = text_of(path, faults)
        if text is None:
            continue
        unset: set[str] = set()
        for document in documents(_expanded(text, environ, unset), str(path)):
            found = _laid_over(document, found)
            faults += document.faults
        if unset:
            names = ", ".join(sorted(unset))
            faults.append(Fault(Origin(str(path), 0), f"not set, and so left empty: {names}", Severity.NOTED))
    _settle([replace(each, severity=_GRAVE.get(each.severity, each.severity)) for each in faults])
    return found


def _laid_over(document: Document, earlier: Configuration) -> Configuration:
    """Return the configuration with a document of a ``--config`` file; one of another kind is left out."""
    root = document.root
    if root is None:
        return earlier
    kind = root.text("kind")
    if kind not in {"", "Configuration"}:
        document.fault(root.line, f"kind is {kind}, wanted Configuration; left out", Severity.NOTED)
        return earlier
    return kinds.configuration(document, root, earlier)


def _expanded(text: str, environ: Mapping[str, str], unset: set[str]) -> str:
    """Replace variables as Go's ``os.ExpandEnv`` does; one that is not set is nothing."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or ""
        if name not in environ:
            unset.add(name)
        return environ.get(name, "")

    return _VARIABLE.sub(value, text)


def _settle(faults: Sequence[Fault]) -> None:
    """Log the faults, or raise them if one is fatal."""
    grave = [fault for fault in faults if fault.severity is not Severity.NOTED]
    for fault in faults:
        if fault.severity is Severity.NOTED:
            logger.warning("%s", fault)
    if any(fault.severity is Severity.FATAL for fault in grave):
        raise ManifestError(grave)
    for fault in grave:
        logger.error("%s; this document is left out", fault)
