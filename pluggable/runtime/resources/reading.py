"""Folders and files of resources are read: what each describes, and what becomes of one that is faulty."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeAlias

from . import declarations, kinds
from .documents import documents
from .faults import Fault, Severity
from .tree import Document, Table
from .values import Component, Declaration, HTTPEndpoint, MCPServer, Origin, Resources, Subscription

_GROUP: Final = "dapr.io"
_VERSIONS: Final = dict.fromkeys(declarations.FIELDS, ("v1alpha1",)) | {
    "Component": ("v1alpha1",),
    "Subscription": ("v1alpha1", "v2alpha1"),
}
_KINDS: Final = tuple(sorted(_VERSIONS))
#: Kinds whose names are used once; of others that share a name all count.
_UNIQUE: Final = frozenset(_KINDS) - {"Configuration", "Resiliency", "Subscription"}
_SUFFIXES: Final = (".yaml", ".yml")

logger: logging.Logger = logging.getLogger(__name__)

Described: TypeAlias = Component | Subscription | HTTPEndpoint | MCPServer | Declaration


@dataclass(slots=True)
class Reading:
    """
    What was found so far, by field of ``Resources``, and what was wrong with it.

    With what is known from the last time, a file or folder that cannot be read as a whole costs nothing: what
    it described before and does not describe now still holds.
    """

    app_id: str | None
    namespace: str
    known: Resources | None = None
    faults: list[Fault] = field(default_factory=list)
    _found: dict[str, list[Described]] = field(default_factory=lambda: defaultdict(list))
    _names: dict[tuple[str, str], Described] = field(default_factory=dict)
    _kept: dict[tuple[str, str], list[Described]] = field(default_factory=lambda: defaultdict(list))

    def resources(self) -> Resources:
        """Return what was found."""
        return Resources(**{kind: tuple(found) for kind, found in self._found.items()})  # type: ignore[arg-type]  # each list has what its field has

    def read(self, path: Path) -> None:
        """Take in what a folder or a file describes."""
        for file in self._files(path):
            self._file(file)

    def _files(self, path: Path) -> Iterator[Path]:
        """Yield the YAML files of a folder by name, without its subfolders; a file stands for itself."""
        if path.is_file():
            yield path
            return
        try:
            entries = sorted(path.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            self._note([unreadable(path, error, "a folder or a file")])
            self._keep(lambda file: file == path or file.parent == path)
            return
        for entry in entries:
            if is_manifest(entry.name) and not entry.is_dir():
                yield entry
            elif not entry.is_dir():
                logger.debug("%s is not YAML by its name and is left out", entry)

    def _file(self, path: Path) -> None:
        """Take in what a file describes."""
        faults: list[Fault] = []
        text = text_of(path, faults)
        faults = [replace(fault, severity=Severity.SKIPPED) for fault in faults]
        for document in documents(text or "", str(path)):
            if document.root is not None:
                self._take(document, document.root)
            faults += document.faults
        self._note(faults)
        if any(fault.severity is not Severity.NOTED for fault in faults):
            self._keep(lambda file: file == path)

    def _note(self, faults: Iterable[Fault]) -> None:
        """Take note of faults; once the sidecar runs, only files that contradict each other are fatal."""
        for fault in faults:
            spared = self.known is not None and fault.severity is Severity.FATAL and not fault.headline
            self.faults.append(replace(fault, severity=Severity.SKIPPED) if spared else fault)

    def _keep(self, there: Callable[[Path], bool]) -> None:
        """Let hold what is known from a place that cannot be read as a whole, but for what was read of it."""
        for kind in fields(Resources) if self.known is not None else ():
            names = {each.name for each in self._found[kind.name]}
            for each in getattr(self.known, kind.name):
                if there(Path(each.origin.file)) and each.name not in names:
                    self._found[kind.name].append(each)
                    self._kept[kind.name, each.name].append(each)
                    logger.warning("%s, as it was read from %s before, still holds", each.name, each.origin)

    def _take(self, document: Document, root: Table) -> None:
        kind, version = _kind(document, root)
        found: Described | None = None
        where = declarations.FIELDS.get(kind, "")
        if kind == "Component":
            where, found = "components", kinds.component(document, root)
        elif kind == "Subscription":
            where, found = "subscriptions", kinds.subscription(document, root, version)
        elif kind:
            found = declarations.read(kind, document, root)
        if found is not None and self._in_namespace(found):
            self._add(document, kind, where, found)

    def _add(self, document: Document, kind: str, where: str, found: Described) -> None:
        """Add what belongs to the application, unless its name is taken."""
        existing = self._names.get((where, found.name))
        if kind in _UNIQUE and existing is not None:
            document.faults.append(_duplicate(kind, found, existing))
        elif not found.scopes or self.app_id is None or self.app_id in found.scopes:
            for former in self._kept.pop((where, found.name), ()):
                self._found[where].remove(former)
            self._names[where, found.name] = found
            self._found[where].append(found)

    def _in_namespace(self, found: Described) -> bool:
        return not self.namespace or not found.namespace or found.namespace == self.namespace


def _duplicate(kind: str, found: Described, existing: Described) -> Fault:
    return Fault(
        found.origin,
        f"the name {found.name} is taken by {existing.origin}; give each its own",
        Severity.FATAL,
        f"duplicate definition of {kind} name {found} with existing {existing}",
    )


def _kind(document: Document, root: Table) -> tuple[str, str]:
    """Return the kind and version of a document that is of use, two empty texts for another."""
    kind, (group, _, version) = root.text("kind"), root.text("apiVersion").partition("/")
    left_out = "the document is left out"
    if group != _GROUP:
        wanted = f'apiVersion is "{root.text("apiVersion")}", wanted {_GROUP}/v1alpha1; {left_out}'
        # A file of somebody else's may lie here; one that means to be ours and lacks the line is a mistake.
        document.fault(root.line, wanted, Severity.SKIPPED if kind in _KINDS else Severity.NOTED)
    elif kind not in _KINDS:
        close = get_close_matches(kind, _KINDS, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]}?" if close else f", wanted one of {', '.join(_KINDS)};"
        document.fault(root.line, f'kind "{kind}" is unknown{hint} {left_out}', Severity.NOTED)
    elif version not in _VERSIONS[kind]:
        wanted = " or ".join(f"{_GROUP}/{each}" for each in _VERSIONS[kind])
        document.fault(root.line, f'apiVersion is "{_GROUP}/{version}", wanted {wanted} for a {kind}')
    else:
        return kind, version
    return "", ""


def is_manifest(name: str) -> bool:
    """Whether a file in a folder of resources counts, by its name."""
    return name.lower().endswith(_SUFFIXES)


def text_of(path: Path, faults: list[Fault]) -> str | None:
    """Return a file's text; ``None``, with a fault, if it has none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.append(unreadable(path, error, "a file"))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault(Origin(str(path), 1, line), "the file is not UTF-8", Severity.FATAL))
        return None


def unreadable(path: Path, error: OSError, wanted: str) -> Fault:
    """Return the fault of a path that cannot be read."""
    reason = error.strerror or str(error)
    return Fault(Origin(str(path), 0), f"cannot be read, wanted {wanted}: {reason}", Severity.FATAL)
