"""How one authenticates: as a pod's service account, and by the kinds of users of a kubeconfig."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from pluggable import Metadata
from pluggable.errors import DeniedError, InitError, UnavailableError
from pluggable.secretstores import GetRequest
from pluggable_servers.kubernetes import access
from pluggable_servers.kubernetes.store import KubernetesSecretStore
from tests.backends.certificates import Authority
from tests.backends.kubernetes import PASSWORD, TOKEN, USER, APIServer


async def read(**properties: str) -> dict[str, str]:
    store = KubernetesSecretStore()
    await store.init(Metadata({"defaultNamespace": "shop", **properties}))
    try:
        return dict(await store.get(GetRequest(key="db")))
    finally:
        await store.close()


@pytest.fixture(autouse=True)
def secret(server: APIServer) -> None:
    server.put("shop", "db", {"a": "1"})


@pytest.fixture
def pod(server: APIServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod sees: variables, and the folder of its service account."""
    folder = server.service_account()
    monkeypatch.setattr(access, "SERVICE_ACCOUNT", folder)
    monkeypatch.setenv(access.HOST, "127.0.0.1")
    monkeypatch.setenv(access.PORT, str(server.port))
    return folder


@pytest.mark.usefixtures("pod")
async def test_pod_uses_its_service_account(server: APIServer) -> None:
    assert await read() == {"a": "1"}
    assert await read(kubeconfigPath="/nonexistent") == {"a": "1"}
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_token_that_is_rotated_counts(server: APIServer, pod: Path) -> None:
    store = KubernetesSecretStore()
    await store.init(Metadata({"defaultNamespace": "shop"}))
    server.tokens = {"second"}
    with pytest.raises(DeniedError):
        await store.get(GetRequest(key="db"))
    (pod / "token").write_text("second")

    assert await store.get(GetRequest(key="db")) == {"a": "1"}
    await store.close()


async def test_pod_trusts_the_clusters_authority_only(server: APIServer, pod: Path) -> None:
    (pod / "ca.crt").write_text(Authority().pem)

    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await read()
    assert server.asked == []


async def test_pod_with_a_broken_authority_is_told(pod: Path) -> None:
    (pod / "ca.crt").write_text("none")

    with pytest.raises(InitError, match=f"the service account in {pod} cannot be used: no certificate"):
        await read()


async def test_variable_names_the_kubeconfig(server: APIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig()))

    assert await read() == {"a": "1"}


async def test_home_has_a_kubeconfig(server: APIServer, tmp_path: Path) -> None:
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    server.kubeconfig().rename(tmp_path / "home" / ".kube" / "config")

    assert await read() == {"a": "1"}


@pytest.mark.parametrize("kind", ["token", "file", "certificate", "certificate files", "password"])
async def test_users_of_every_kind_authenticate(server: APIServer, tmp_path: Path, kind: str) -> None:
    identity = server.identity()
    for name, text in (("token", TOKEN), ("me.crt", identity.certificate), ("me.key", identity.key)):
        (tmp_path / name).write_text(text)

    def coded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    users: dict[str, dict[str, str]] = {
        "token": {"token": TOKEN},
        "file": {"tokenFile": "token", "token": "old"},  # relative to the kubeconfig, and before the token
        "certificate": {
            "client-certificate-data": coded(identity.certificate),
            "client-key-data": coded(identity.key),
        },
        "certificate files": {"client-certificate": "me.crt", "client-key": "me.key"},
        "password": {"username": USER, "password": PASSWORD},
    }

    assert await read(kubeconfigPath=str(server.kubeconfig(users[kind]))) == {"a": "1"}


async def test_user_without_anything_is_refused(server: APIServer) -> None:
    with pytest.raises(DeniedError, match="answered 401"):
        await read(kubeconfigPath=str(server.kubeconfig({})))


@pytest.mark.parametrize("kind", ["file", "skipped", "by another name"])
async def test_cluster_says_whom_to_trust(server: APIServer, tmp_path: Path, kind: str) -> None:
    (tmp_path / "ca.crt").write_text(server.authority.pem)
    clusters: dict[str, dict[str, Any]] = {
        "file": {"certificate-authority-data": None, "certificate-authority": "ca.crt"},
        "skipped": {"certificate-authority-data": None, "insecure-skip-tls-verify": True},
        "by another name": {
            "server": server.url.replace("127.0.0.1", "localhost"),
            "tls-server-name": "127.0.0.1",
        },
    }

    assert await read(kubeconfigPath=str(server.kubeconfig(**clusters[kind]))) == {"a": "1"}


async def test_stranger_is_not_trusted(server: APIServer) -> None:
    path = server.kubeconfig(**{"certificate-authority-data": None})

    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await read(kubeconfigPath=str(path))
    assert server.asked == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no YAML"),
        ("[]", 'has no context ""'),
        ("{current-context: x}", 'has no context "x"'),
        ("{current-context: x, contexts: [{name: x, context: {cluster: y}}]}", 'has no cluster "y"'),
        (
            (
                "{current-context: x, contexts: [{name: x, context: {cluster: y}}], "
                "clusters: [{name: y, cluster: {server: here}}]}"
            ),
            'server is "here", wanted an address',
        ),
    ],
)
async def test_kubeconfig_that_says_too_little_is_told(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "faulty"
    path.write_text(content)

    with pytest.raises(InitError) as caught:
        await read(kubeconfigPath=str(path))

    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"exec": {"command": "aws"}}, "exec is not supported here; give it a token"),
        ({"client-certificate": "none.crt", "client-key": "none.key"}, "cannot be read: No such file"),
        ({"client-certificate-data": "!"}, "client-certificate is no PEM"),
        ({"client-certificate-data": "QQ==", "client-key-data": "Qg=="}, "do not go together"),
        ({"tokenFile": "none"}, "the token cannot be read from"),
    ],
)
async def test_user_that_cannot_be_used_is_told(server: APIServer, user: dict[str, Any], said: str) -> None:
    with pytest.raises(InitError, match=said):
        await read(kubeconfigPath=str(server.kubeconfig(user)))


async def test_nothing_to_go_by_is_told() -> None:
    with pytest.raises(InitError, match=r"\.kube/config cannot be read"):
        await read()
