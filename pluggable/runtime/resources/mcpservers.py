"""MCP servers: whether one that is declared can be used."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from .declarations import TRANSPORTS
from .values import MCPServer


class MCPServerError(Exception):
    """An MCP server's declaration cannot be used; the text begins as daprd's."""


def check(server: MCPServer) -> None:
    """
    See that one transport is given, and that it leads nowhere it must not.

    Source: dapr/dapr ``pkg/internal/loader/validate/mcpserver.go``.

    Raises:
        MCPServerError: it is not so.
    """
    if len(server.transports) != 1:
        given = " and ".join(server.transports) or "none"
        raise MCPServerError(
            f'MCPServer "{server.name}" failed validation: spec.endpoint: exactly one of '
            f"{', '.join(TRANSPORTS)} must be set, found {given}"
        )
    fault = _stdio_fault(server) if server.transports == ("stdio",) else _url_fault(server)
    if fault:
        name = f'MCPServer "{server.name}"'
        raise MCPServerError(f"{name} failed security validation: {name}: {fault}")


def _url_fault(server: MCPServer) -> str:
    what = f"{server.transports[0]}.url"
    try:
        url = urlsplit(server.url)
    except ValueError as error:
        return f"{what} is not a valid URL: {error}"
    if url.scheme not in ("http", "https"):
        return f'{what} scheme must be http or https, got "{url.scheme}"'
    return "" if url.hostname else f"{what} must have a host"


def _stdio_fault(server: MCPServer) -> str:
    """Return what is wrong with a command: a relative one has to lie below the working directory."""
    if not server.command:
        return "stdio.command must not be empty"
    for name in server.variables:
        if not name or any(sign in name for sign in "=\n\0"):
            return f"stdio.env name {name!r} contains invalid characters"
    command = Path(server.command)
    if "/" in server.command and not command.is_absolute():
        here = Path(os.path.realpath(Path.cwd()))
        if not Path(os.path.realpath(here / command)).is_relative_to(here):
            return "stdio.command must not escape working directory"
    return ""
