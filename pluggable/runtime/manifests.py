"""
The YAML files of ``--resources-path`` and ``--config``, read whole, with all faults of all files at once.

What daprd does not start with raises; a document that it leaves out is left out, and logged as an error.
Source: dapr/dapr ``pkg/internal/loader/disk``, ``pkg/config/configuration.go``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from . import kinds
from .documents import documents
from .faults import Fault as Fault, ManifestError as ManifestError, Severity
from .resources import Component, Configuration, Origin, Resources, Subscription
from .tree import Document, Table

#: Kinds that daprd has and this sidecar does not yet.
KINDS_TO_COME: Final = ("HTTPEndpoint", "MCPServer", "Resiliency", "WorkflowAccessPolicy")

_KINDS: Final = ("Component", "Configuration", "Subscription", *KINDS_TO_COME)
_VERSIONS: Final = {"Component": ("v1alpha1",), "Subscription": ("v1alpha1", "v2alpha1")}
_GROUP: Final = "dapr.io"
#: A configuration is not left out: what costs a resource its document is fatal there.
_GRAVE: Final = {Severity.SKIPPED: Severity.FATAL}
_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_VARIABLE: Final = re.compile(r"\$(?:\{([^}\n]*)\}|([A-Za-z_][A-Za-z0-9_]*))")

logger: logging.Logger = logging.getLogger(__name__)


def load_resources(paths: Sequence[Path], *, app_id: str, namespace: str = "") -> Resources:
    """
    Return what the folders and files describe for this application, in file order.

    Faults that cost no more than their document are logged.

    Raises:
        ManifestError: the sidecar must not start with these.
    """
    found, faults = read_resources(paths, app_id=app_id, namespace=namespace)
    _settle(faults)
    return found


def read_resources(
    paths: Sequence[Path], *, app_id: str | None, namespace: str = ""
) -> tuple[Resources, tuple[Fault, ...]]:
    """Return what the files describe for this application, or for any, and all faults, whatever they cost."""
    reading = _Reading(app_id, namespace)
    for path in paths:
        for file in reading.files(path):
            reading.file(file)
    found = Resources(
        components=tuple(reading.components.values()), subscriptions=tuple(reading.subscriptions)
    )
    return found, tuple(reading.faults)


def load_configuration(paths: Sequence[Path], environ: Mapping[str, str]) -> Configuration:
    """
    Return the configuration of the files, each laid over those before it; ``$NAME`` stands for a variable.

    Raises:
        ManifestError: any fault, for a configuration is not started without.
    """
    found = Configuration()
    faults: list[Fault] = []
    for path in paths:
        text = _text(path, faults)
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


@dataclass(slots=True)
class _Reading:
    """What was found so far, and what was wrong with it."""

    app_id: str | None
    namespace: str
    components: dict[str, Component] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def files(self, path: Path) -> Iterator[Path]:
        """Yield the YAML files of a folder by name, without its subfolders; a file stands for itself."""
        if path.is_file():
            yield path
            return
        try:
            entries = sorted(path.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            self.faults.append(_unreadable(path, error, "a folder or a file"))
            return
        for entry in entries:
            if entry.suffix.lower() in _SUFFIXES and not entry.is_dir():
                yield entry
            elif not entry.is_dir():
                logger.debug("%s is not YAML by its name and is left out", entry)

    def file(self, path: Path) -> None:
        """Take in what a file describes."""
        faults: list[Fault] = []
        text = _text(path, faults)
        self.faults += (replace(fault, severity=Severity.SKIPPED) for fault in faults)
        for document in documents(text or "", str(path)):
            if document.root is not None:
                self._take(document, document.root)
            self.faults += document.faults

    def _take(self, document: Document, root: Table) -> None:
        kind, version = _kind(document, root)
        if kind == "Component":
            if found := kinds.component(document, root):
                self._add_component(document, found)
        elif kind == "Subscription":
            subscription = kinds.subscription(document, root, version)
            if subscription and self._is_ours(subscription):
                self.subscriptions.append(subscription)

    def _add_component(self, document: Document, found: Component) -> None:
        if not self._in_namespace(found):
            return
        if existing := self.components.get(found.name):
            document.faults.append(
                Fault(
                    found.origin,
                    f"the name {found.name} is taken by {existing.origin}; give each component its own",
                    Severity.FATAL,
                    f"duplicate definition of Component name {found} with existing {existing}",
                )
            )
        elif self._is_ours(found):
            self.components[found.name] = found

    def _in_namespace(self, found: Component | Subscription) -> bool:
        return not self.namespace or not found.namespace or found.namespace == self.namespace

    def _is_ours(self, found: Component | Subscription) -> bool:
        scoped = bool(found.scopes) and self.app_id is not None
        return self._in_namespace(found) and (not scoped or self.app_id in found.scopes)


def _kind(document: Document, root: Table) -> tuple[str, str]:
    """Return the kind and version of a document that is of use, two empty texts for another."""
    kind, (group, _, version) = root.text("kind"), root.text("apiVersion").partition("/")
    left_out = "the document is left out"
    if group != _GROUP:
        wanted = f'apiVersion is "{root.text("apiVersion")}", wanted {_GROUP}/v1alpha1; {left_out}'
        # A file of somebody else's may lie here; one that means to be ours and lacks the line is a mistake.
        document.fault(root.line, wanted, Severity.SKIPPED if kind in _KINDS else Severity.NOTED)
    elif kind in KINDS_TO_COME:
        document.fault(root.line, f"kind {kind} is not offered yet; {left_out}", Severity.NOTED)
    elif kind not in _KINDS:
        close = get_close_matches(kind, _KINDS, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]}?" if close else f", wanted one of {', '.join(_KINDS)};"
        document.fault(root.line, f'kind "{kind}" is unknown{hint} {left_out}', Severity.NOTED)
    elif kind in _VERSIONS and version not in _VERSIONS[kind]:
        wanted = " or ".join(f"{_GROUP}/{each}" for each in _VERSIONS[kind])
        document.fault(root.line, f'apiVersion is "{_GROUP}/{version}", wanted {wanted} for a {kind}')
    else:
        return kind, version
    return "", ""


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


def _text(path: Path, faults: list[Fault]) -> str | None:
    """Return a file's text; ``None``, with a fault, if it has none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.append(_unreadable(path, error, "a file"))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault(Origin(str(path), 1, line), "the file is not UTF-8", Severity.FATAL))
        return None


def _unreadable(path: Path, error: OSError, wanted: str) -> Fault:
    reason = error.strerror or str(error)
    return Fault(Origin(str(path), 0), f"cannot be read, wanted {wanted}: {reason}", Severity.FATAL)


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
