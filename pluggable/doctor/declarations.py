"""Resources of other kinds than Component: what a daprd makes of their contents."""

from __future__ import annotations

from collections.abc import Iterator

from ..runtime.resources import Resources
from ..runtime.resources.mcpservers import MCPServerError, check as check_server
from ..runtime.resources.policies import faults_of
from .findings import Finding, error, warning


def check(found: Resources) -> Iterator[Finding]:
    """Yield what is wrong with policies and MCP servers."""
    for resiliency in found.resiliencies:
        for fault in faults_of(resiliency.spec):
            yield warning(
                "resiliency",
                resiliency.origin,
                f"{resiliency}: {fault}",
                daprd=f'says "Could not read resiliency policy {resiliency}", and goes on without it',
                mend="mend the file as the sentence says",
            )
    for server in found.mcp_servers:
        try:
            check_server(server)
        except MCPServerError as fault:
            if server.ignore_errors:
                yield warning(
                    "mcp-server",
                    server.origin,
                    str(fault),
                    daprd='says "Ignoring error processing MCPServer", and goes on without it',
                    mend="mend the file as the sentence says",
                )
            else:
                yield error(
                    "mcp-server",
                    server.origin,
                    str(fault),
                    daprd='says "Error processing MCPServer", and exits',
                    mend="mend the file as the sentence says, or set spec.ignoreErrors",
                )
