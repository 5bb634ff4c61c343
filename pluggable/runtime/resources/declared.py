"""What resources declare that no component stands for: endpoints, MCP servers and policies, by name."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..fatal import FatalError
from .mcpservers import MCPServerError, check
from .policies import faults_of
from .values import Changes, Declaration, HTTPEndpoint, MCPServer

logger: logging.Logger = logging.getLogger(__name__)

#: Fetches what an endpoint's resource refers to.
Complete = Callable[[HTTPEndpoint], Awaitable["Endpoint"]]
D = TypeVar("D", HTTPEndpoint, MCPServer, Declaration)


class DeclarationFailedError(FatalError):
    """A resource cannot be used and its YAML does not say to ignore that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server outside, ready to be called."""

    name: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request."""
    root_ca: str = field(default="", repr=False)
    """PEM, whose line ends may be written as two characters; empty: the system's authorities."""
    certificate: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    """Both PEM: who we are to the server, if it asks."""


class Declared:
    """Kept up to date by ``apply``; who uses one looks it up by its name whenever it is needed."""

    def __init__(self) -> None:
        self.http_endpoints: dict[str, HTTPEndpoint] = {}
        self.endpoints: dict[str, Endpoint] = {}
        """The HTTP endpoints with their secrets."""
        self.mcp_servers: dict[str, MCPServer] = {}
        self.resiliencies: dict[str, Declaration] = {}
        self.workflow_access_policies: dict[str, Declaration] = {}

    async def apply(self, changes: Changes, complete: Complete) -> None:
        """
        Take over what is new, changed or gone; ``complete`` fetches what an endpoint refers to.

        Raises:
            DeclarationFailedError: one cannot be used, and this is not to be ignored.
        """
        gone, changed, added = changes.removed, changes.changed, changes.added
        _take_out("HTTPEndpoint", self.http_endpoints, gone.http_endpoints)
        for each in gone.http_endpoints:
            self.endpoints.pop(each.name, None)
        for endpoint in (*changed.http_endpoints, *added.http_endpoints):
            self.endpoints[endpoint.name] = await complete(endpoint)
            self.http_endpoints[endpoint.name] = endpoint
            logger.info("HTTPEndpoint loaded: %s", endpoint)
        _take_out("Resiliency", self.resiliencies, gone.resiliencies)
        for resiliency in (*changed.resiliencies, *added.resiliencies):
            self._add_resiliency(resiliency)
        _take_out("WorkflowAccessPolicy", self.workflow_access_policies, gone.workflow_access_policies)
        for policy in (*changed.workflow_access_policies, *added.workflow_access_policies):
            self.workflow_access_policies[policy.name] = policy
            logger.info("WorkflowAccessPolicy loaded: %s", policy)
        _take_out("MCPServer", self.mcp_servers, (*gone.mcp_servers, *changed.mcp_servers))
        for server in (*changed.mcp_servers, *added.mcp_servers):
            self._add_mcp_server(server)

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the names of all, by the keys of the metadata API."""
        return {
            "httpEndpoints": tuple(self.http_endpoints),
            "mcpServers": tuple(self.mcp_servers),
            "workflowAccessPolicies": tuple(self.workflow_access_policies),
            "resiliencies": tuple(self.resiliencies),
        }

    def _add_resiliency(self, resiliency: Declaration) -> None:
        """List a resiliency, and log if it cannot be used, as daprd does."""
        self.resiliencies[resiliency.name] = resiliency
        logger.info("Loading Resiliency configuration: %s", resiliency)
        if faults := faults_of(resiliency.spec):
            logger.error(
                "Could not read resiliency policy %s: %s [%s]",
                resiliency,
                "; ".join(faults),
                resiliency.origin,
            )

    def _add_mcp_server(self, server: MCPServer) -> None:
        try:
            check(server)
        except MCPServerError as error:
            if not server.ignore_errors:
                logger.warning("Error processing MCPServer, daprd will exit gracefully: %s", error)
                raise DeclarationFailedError(f"{error} [{server.origin}]") from error
            logger.error("Ignoring error processing MCPServer: %s", error)  # noqa: TRY400  it says it all
            return
        self.mcp_servers[server.name] = server
        logger.info("MCPServer loaded: %s", server)


def _take_out(kind: str, listed: MutableMapping[str, D], gone: Iterable[D]) -> None:
    for each in gone:
        if listed.pop(each.name, None) is not None:
            logger.info("%s unloaded: %s", kind, each)
