"""Resources that no component stands for are read, checked and listed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from pluggable import secretstores
from pluggable.metadata import NO_METADATA
from pluggable.runtime.components.catalog import Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.resources import ClientTLS, Component, HTTPEndpoint, MetadataItem, Resources
from pluggable.runtime.resources.changes import difference
from pluggable.runtime.resources.declared import DeclarationFailedError, Declared, Endpoint
from pluggable.runtime.resources.endpoints import endpoint
from pluggable.runtime.resources.manifests import load_resources
from pluggable.runtime.resources.policies import faults_of

HEAD = "apiVersion: dapr.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n"


def document(kind: str, spec: str, name: str = "one", more: str = "") -> str:
    return HEAD.format(kind=kind, name=name) + f"spec: {spec}\n{more}"


class Folder:
    """A folder of resources, and what is declared by it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = Resources()
        self.declared = Declared()
        self.stores: dict[str, Loaded[secretstores.SecretStore]] = {}

    async def write(self, *documents: str) -> None:
        """Write the documents in place of those before, and apply what has changed by that."""
        (self._path / "all.yaml").write_text("\n---\n".join(documents))
        found = load_resources([self._path], app_id="shop", known=self._known)
        changes, self._known = difference(self._known, found), found
        await self.declared.apply(changes, self._complete)

    async def _complete(self, spec: HTTPEndpoint) -> Endpoint:
        config = RuntimeConfig(app_id="shop")
        return await endpoint(spec, config, {"TOKEN": "of the environment"}, self.stores)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def test_endpoint_is_read_whole(folder: Folder) -> None:
    await folder.write(
        document(
            "HTTPEndpoint",
            "{baseURL: 'https://x', headers: [{name: accept, value: text/plain}, "
            "{name: token, secretKeyRef: {name: s, key: k}}], "
            "clientTLS: {rootCA: {value: PEM}, privateKey: {secretKeyRef: {name: s, key: key}}, "
            "renegotiation: OnceAsClient}}",
            more="auth: {secretStore: vault}\nscopes: [shop]\n",
        )
    )

    found = folder.declared.http_endpoints["one"]

    assert found == HTTPEndpoint(
        name="one",
        base_url="https://x",
        headers=(
            MetadataItem(name="accept", value="text/plain"),
            MetadataItem(name="token", secret_name="s", secret_key="k"),
        ),
        client_tls=ClientTLS(
            root_ca=MetadataItem(name="rootCA", value="PEM"),
            private_key=MetadataItem(name="privateKey", secret_name="s", secret_key="key"),
            renegotiation="OnceAsClient",
        ),
        secret_store="vault",
        scopes=("shop",),
    )


async def test_endpoint_without_a_url_is_left_out(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    await folder.write(document("HTTPEndpoint", "{}"))

    assert folder.declared.http_endpoints == {}
    assert "spec.baseUrl is missing" in caplog.text


async def test_resources_are_listed_by_kind_as_they_come_and_go(folder: Folder) -> None:
    endpoint = document("HTTPEndpoint", "{baseUrl: 'http://x'}", "endpoint")
    resiliency = document("Resiliency", "{policies: {timeouts: {general: 5s}}}", "resiliency")
    policy = document("WorkflowAccessPolicy", "{rules: []}", "policy")
    server = document("MCPServer", "{endpoint: {sse: {url: 'http://x'}}}", "server")
    elsewhere = document("MCPServer", "{endpoint: {sse: {url: 'http://x'}}}", "other", "scopes: [bank]\n")
    await folder.write(endpoint, resiliency, policy, server, elsewhere)

    assert folder.declared.names() == {
        "httpEndpoints": ("endpoint",),
        "resiliencies": ("resiliency",),
        "workflowAccessPolicies": ("policy",),
        "mcpServers": ("server",),
    }

    await folder.write(
        endpoint.replace("http://x", "http://y"), resiliency.replace("name: resiliency", "name: v2")
    )

    assert folder.declared.http_endpoints["endpoint"].base_url == "http://y"
    assert folder.declared.names() == {
        "httpEndpoints": ("endpoint",),
        "resiliencies": ("v2",),
        "workflowAccessPolicies": (),
        "mcpServers": (),
    }


UNSURE = "failed validation: spec.endpoint: exactly one of streamableHTTP, sse, stdio must be set, found "
UNSAFE = 'failed security validation: MCPServer "one": '
WRONG_SERVERS = {
    "{endpoint: {}}": f"{UNSURE}none",
    "{endpoint: {sse: {url: 'http://x'}, stdio: {command: x}}}": f"{UNSURE}sse and stdio",
    "{endpoint: {sse: {url: 'ftp://x'}}}": f'{UNSAFE}sse.url scheme must be http or https, got "ftp"',
    "{endpoint: {streamableHTTP: {url: 'http:///x'}}}": f"{UNSAFE}streamableHTTP.url must have a host",
    "{endpoint: {stdio: {args: [x]}}}": f"{UNSAFE}stdio.command must not be empty",
    "{endpoint: {stdio: {command: ../x}}}": f"{UNSAFE}stdio.command must not escape working directory",
    "{endpoint: {stdio: {command: x, env: [{name: 'a=b'}]}}}": f"{UNSAFE}stdio.env name 'a=b' contains",
}


@pytest.mark.parametrize(("spec", "fault"), WRONG_SERVERS.items())
async def test_wrong_server_is_fatal(
    folder: Folder, spec: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DeclarationFailedError) as raised:
        await folder.write(document("MCPServer", spec))

    assert str(raised.value).startswith(f'MCPServer "one" {fault}')
    assert f'Error processing MCPServer, daprd will exit gracefully: MCPServer "one" {fault}' in caplog.text


async def test_wrong_server_is_left_out_where_errors_are_ignored(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    right = document("MCPServer", "{ignoreErrors: true, endpoint: {sse: {url: 'http://x'}}}")
    await folder.write(right)
    await folder.write(right.replace("http:", "ftp:"))

    assert folder.declared.mcp_servers == {}
    assert 'Ignoring error processing MCPServer: MCPServer "one" failed security validation:' in caplog.text

    await folder.write(right)

    assert list(folder.declared.mcp_servers) == ["one"]


@pytest.mark.parametrize("command", ["npx", "/usr/bin/npx", "./tools/serve"])
async def test_command_may_be_one_of_the_path_or_below(folder: Folder, command: str) -> None:
    await folder.write(document("MCPServer", f"{{endpoint: {{stdio: {{command: {command}}}}}}}"))

    assert list(folder.declared.mcp_servers) == ["one"]


async def test_policy_that_cannot_be_read_is_told_and_listed(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await folder.write(document("Resiliency", "{policies: {timeouts: {general: soon}}}"))

    assert "Loading Resiliency configuration: one" in caplog.text
    assert 'Could not read resiliency policy one: invalid duration "general", soon: ' in caplog.text
    assert list(folder.declared.resiliencies) == ["one"]


def test_policies_of_all_sorts_are_right() -> None:
    assert not faults_of(
        {
            "policies": {
                "timeouts": {"general": "5s", "none": ""},
                "retries": {
                    "a": {"policy": "Exponential", "maxInterval": "15s", "maxRetries": -1},
                    "b": {"duration": "1m", "matching": {"httpStatusCodes": "500-599, 429"}},
                    "c": {"matching": {"gRPCStatusCodes": "1,2-4"}},
                },
                "circuitBreakers": {"d": {"interval": "8s", "timeout": "45s", "trip": "requests > 8"}},
            },
            "targets": {"actors": {"e": {"circuitBreaker": "d", "circuitBreakerScope": "both"}}},
        }
    )


@pytest.mark.parametrize(
    ("policies", "fault"),
    [
        ({"retries": {"a": {"policy": "never"}}}, 'policy is "never", wanted constant or exponential'),
        ({"retries": {"a": {"maxRetries": "many"}}}, 'maxRetries is "many", wanted an integer'),
        ({"retries": {"a": {"duration": "x"}}}, 'duration is "x", wanted a duration such as 5s'),
        ({"retries": {"a": {"matching": {"gRPCStatusCodes": "400"}}}}, 'gRPCStatusCodes is "400"'),
        ({"retries": {"a": {"matching": {"httpStatusCodes": "500-400"}}}}, 'httpStatusCodes is "500-400"'),
        ({"circuitBreakers": {"a": {"timeout": "x"}}}, 'timeout is "x"'),
    ],
)
def test_wrong_policy_is_told(policies: dict[str, object], fault: str) -> None:
    (found,) = faults_of({"policies": policies})

    assert fault in found


def test_breaker_of_an_actor_needs_a_scope() -> None:
    (found,) = faults_of({"targets": {"actors": {"a": {"circuitBreaker": "b"}}}})

    assert found == 'actor a: circuitBreakerScope is "", wanted one of type, id, both'


class Vault(secretstores.SecretStore):
    """Knows every secret, under two keys."""

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        return {"k": f"the {request.key}", "key": "PEM"}

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        raise NotImplementedError


SECRETIVE = document(
    "HTTPEndpoint",
    "{baseUrl: 'https://x', headers: [{name: a, value: '{uuid}'}, {name: b, envRef: TOKEN}, "
    "{name: c, secretKeyRef: {name: s, key: k}}], "
    "clientTLS: {rootCA: {value: CA}, privateKey: {secretKeyRef: {name: s, key: key}}}}",
    more="auth: {secretStore: vault}\n",
)


async def test_endpoint_gets_its_secrets(folder: Folder) -> None:
    spec = Component(name="vault", type="secretstores.vault")
    folder.stores["vault"] = Loaded(spec, Vault(), {})
    await folder.write(SECRETIVE)

    assert folder.declared.endpoints["one"] == Endpoint(
        name="one",
        base_url="https://x",
        headers={"a": "{uuid}", "b": "of the environment", "c": "the s"},
        root_ca="CA",
        private_key="PEM",
    )

    await folder.write()

    assert folder.declared.endpoints == {}


async def test_endpoint_without_its_store_has_no_secrets(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    await folder.write(SECRETIVE)

    found = folder.declared.endpoints["one"]
    assert (found.headers["c"], found.root_ca, found.private_key) == ("", "CA", "")
    assert "HTTPEndpoint one (https://x) has no secrets: " in caplog.text
