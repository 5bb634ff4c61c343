"""Documents of the kinds that are no components: endpoints, MCP servers, policies and configurations."""

from __future__ import annotations

from typing import Final

from .kinds import item, name_of, origin_of
from .tree import Document, Table
from .values import ClientTLS, Declaration, HTTPEndpoint, MCPServer, MetadataItem

#: Where ``Resources`` has each kind.
FIELDS: Final = {
    "HTTPEndpoint": "http_endpoints",
    "MCPServer": "mcp_servers",
    "Resiliency": "resiliencies",
    "WorkflowAccessPolicy": "workflow_access_policies",
    "Configuration": "configurations",
}
#: How an MCP server may be spoken to.
TRANSPORTS: Final = ("streamableHTTP", "sse", "stdio")


def read(kind: str, document: Document, root: Table) -> HTTPEndpoint | MCPServer | Declaration | None:
    """Return what a document of one of these kinds describes; ``None`` if it has faults."""
    if kind == "HTTPEndpoint":
        return http_endpoint(document, root)
    if kind == "MCPServer":
        return mcp_server(document, root)
    metadata = root.table("metadata")
    found = Declaration(
        name=metadata.text("name") if kind == "Configuration" else name_of(document, metadata),
        spec=root.table("spec").plain,
        namespace=metadata.text("namespace"),
        scopes=root.texts("scopes"),
        origin=origin_of(document, root),
    )
    return found if document.usable else None


def http_endpoint(document: Document, root: Table) -> HTTPEndpoint | None:
    """Return the endpoint that a document describes; ``None`` if it has faults."""
    metadata, spec = root.table("metadata"), root.table("spec")
    found = HTTPEndpoint(
        name=name_of(document, metadata),
        base_url=spec.text("baseUrl"),
        headers=tuple(item(document, each) for each in spec.tables("headers")),
        client_tls=_client_tls(spec.table("clientTLS")) if spec.get("clientTLS") else None,
        secret_store=root.table("auth").text("secretStore"),
        namespace=metadata.text("namespace"),
        scopes=root.texts("scopes"),
        origin=origin_of(document, root),
    )
    if not found.base_url:
        document.fault(spec.line, "spec.baseUrl is missing, wanted a URL such as https://api.example.com")
    return found if document.usable else None


def mcp_server(document: Document, root: Table) -> MCPServer | None:
    """Return the server that a document describes, right or wrong; ``None`` if it cannot be read as one."""
    metadata, spec = root.table("metadata"), root.table("spec")
    endpoint = spec.table("endpoint")
    stdio = endpoint.table("stdio")
    found = MCPServer(
        name=name_of(document, metadata),
        transports=tuple(each for each in TRANSPORTS if endpoint.get(each) is not None),
        url=endpoint.table("streamableHTTP").text("url") or endpoint.table("sse").text("url"),
        command=stdio.text("command"),
        variables=tuple(each.text("name") for each in stdio.tables("env")),
        ignore_errors=spec.flag("ignoreErrors"),
        spec=spec.plain,
        namespace=metadata.text("namespace"),
        scopes=root.texts("scopes"),
        origin=origin_of(document, root),
    )
    return found if document.usable else None


def _client_tls(table: Table) -> ClientTLS:
    return ClientTLS(
        root_ca=_pem(table, "rootCA"),
        certificate=_pem(table, "certificate"),
        private_key=_pem(table, "privateKey"),
        renegotiation=table.text("renegotiation"),
    )


def _pem(table: Table, key: str) -> MetadataItem | None:
    """Return a PEM text, or where to fetch it; ``None`` if the key is absent."""
    if table.get(key) is None:
        return None
    written = table.table(key)
    secret = written.table("secretKeyRef")
    return MetadataItem(
        name=key,
        value=written.text("value") or None,
        secret_name=secret.text("name") or None,
        secret_key=secret.text("key") or None,
    )
