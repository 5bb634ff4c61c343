"""
``bindings.localstorage``: files under a folder.

Source: components-contrib ``bindings/localstorage/localstorage.go``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pluggable.about import About
from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import (
    ComponentError,
    DeniedError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    MetadataError,
    NotFoundError,
)
from pluggable.metadata import Metadata, setting

from .rooted import checked_root, inside

#: The key of a request's metadata, exact in case.
FILE_NAME: Final = "fileName"

#: What may be asked for, and what it does.
_OPERATIONS: Final = {
    "create": "Writes a file, under a name of its own if none is given.",
    "get": "Returns what is in a file.",
    "list": "Returns the paths of the files in a folder and below it.",
    "delete": "Removes a file, or a folder that is empty.",
}

_ERRORS: Final[dict[int, type[ComponentError]]] = {
    errno.ENOENT: NotFoundError,
    errno.EACCES: DeniedError,
    errno.EPERM: DeniedError,
    errno.EROFS: DeniedError,
    errno.ENOSPC: LimitExceededError,
    errno.EDQUOT: LimitExceededError,
    errno.EISDIR: InvalidRequestError,
    errno.ENOTDIR: InvalidRequestError,
    errno.ENOTEMPTY: InvalidRequestError,
    errno.ENAMETOOLONG: InvalidRequestError,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    root_path: str = setting(
        description="The folder that all files are in; it is made if it is not there.", example="/tmp/files"
    )


class LocalStorageBinding(OutputBinding):
    """Creates, gets, deletes and lists files; no name leads out of ``rootPath``."""

    about = About(
        settings=Settings,
        title="Local storage",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/localstorage/",
        operations=_OPERATIONS,
    )
    operations = tuple(_OPERATIONS)

    _root: Path

    async def init(self, metadata: Metadata) -> None:
        self._root = await asyncio.to_thread(_made_root, metadata.parse(Settings).root_path)

    async def ping(self) -> None:
        if not await asyncio.to_thread(self._root.is_dir):
            raise NotFoundError(f"rootPath {self._root} is gone")

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return await asyncio.to_thread(self._invoke, request)

    def _invoke(self, request: InvokeRequest) -> InvokeResponse:
        name = request.metadata.get(FILE_NAME, "")
        match request.operation:
            case "create":
                return self._create(self._path(name or str(uuid.uuid4())), request.data)
            case "get":
                return self._get(self._path(_given(name)))
            case "delete":
                return self._delete(self._path(_given(name)))
            case "list":
                return self._list(self._path(name))
        raise InvalidRequestError(
            f"unsupported operation {request.operation}, wanted one of {', '.join(self.operations)}"
        )

    def _path(self, name: str) -> Path:
        try:
            return inside(self._root, name)
        except ValueError as error:
            raise InvalidRequestError(f'{FILE_NAME} "{name}" cannot be used: {error}') from error

    def _create(self, path: Path, data: bytes) -> InvokeResponse:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_decoded(data))
        except OSError as error:
            raise _error("creating", path, error) from error
        return _json({FILE_NAME: str(path.relative_to(self._root))})

    def _get(self, path: Path) -> InvokeResponse:
        try:
            return InvokeResponse(data=path.read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError(f"file not found: {path}") from error
        except OSError as error:
            raise _error("reading", path, error) from error

    def _delete(self, path: Path) -> InvokeResponse:
        if path == self._root:
            raise InvalidRequestError(f"{FILE_NAME} stands for rootPath itself, which is not deleted")
        try:
            path.rmdir() if path.is_dir() else path.unlink()
        except OSError as error:
            raise _error("deleting", path, error) from error
        return InvokeResponse()

    def _list(self, path: Path) -> InvokeResponse:
        try:
            return _json(list(_files(path)) or None)
        except NotADirectoryError as error:
            raise InvalidRequestError(f"{path} is a file, wanted a directory to list") from error
        except OSError as error:
            raise _error("listing", path, error) from error


def _made_root(name: str) -> Path:
    try:
        root = checked_root(name)
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InitError(f"unable to create rootPath {name}: {error.strerror or error}") from error
    except ValueError as error:
        raise MetadataError([f'rootPath "{name}" {error}']) from error
    return root


def _given(name: str) -> str:
    if not name:
        raise InvalidRequestError(f"{FILE_NAME} is missing from the request's metadata")
    return name


def _decoded(data: bytes) -> bytes:
    """Return what is to be stored: a JSON text is unquoted, then base64 is decoded wherever it is valid."""
    if data[:1] == b'"':
        with suppress(ValueError):  # not a JSON text after all
            data = str(json.loads(data)).encode()
    try:
        return base64.b64decode(data.replace(b"\r", b"").replace(b"\n", b""), validate=True)
    except binascii.Error:
        return data


def _files(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, each folder's entries by name; a link counts as a file."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield entry.path


def _json(value: object) -> InvokeResponse:
    return InvokeResponse(data=json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _error(doing: str, path: Path, error: OSError) -> ComponentError:
    kind = _ERRORS.get(error.errno or 0, ComponentError)
    return kind(f"error {doing} file {path}: {error.strerror or error}")
