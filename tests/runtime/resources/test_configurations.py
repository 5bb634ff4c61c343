from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pluggable.runtime.resources import Configuration, SecretScope
from pluggable.runtime.resources.manifests import ManifestError, load_configuration


def load(folder: Path, *texts: str, environ: dict[str, str] | None = None) -> Configuration:
    paths = [folder / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return load_configuration(paths, environ or {})


def test_no_file_is_the_default() -> None:
    assert load_configuration([], {}) == Configuration()


def test_configuration_is_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: mine}
spec:
  features:
  - {name: HotReload, enabled: false}
  tracing: {samplingRate: "1", stdout: true}
  metric: {latencyDistributionBuckets: [1, 2.5]}
  secrets:
    scopes:
    - storeName: vault
      defaultAccess: Deny
      allowedSecrets: [redis]
""",
    )

    assert found.name == "mine"
    assert found.features == {"HotReload": False}
    assert found.secret_scopes == (SecretScope(store="vault", default_allow=False, allowed=("redis",)),)
    assert found.spec["tracing"] == {"samplingRate": "1", "stdout": True}
    assert found.spec["metric"] == {"latencyDistributionBuckets": [1, 2.5]}


def test_later_file_overrides(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "metadata: {name: one}\nspec: {features: [{name: A, enabled: true}], tracing: {a: 1, b: 1}}",
        "spec: {features: [{name: B, enabled: true}], tracing: {b: 2}}",
    )

    assert found.name == "one"
    assert found.features == {"B": True}
    assert found.spec["tracing"] == {"a": 1, "b": 2}
    assert [each["name"] for each in found.spec["features"]] == ["B"]


def test_metrics_go_before_metric(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "spec: {metric: {enabled: false, recordErrorCodes: true}, logging: {apiLogging: {enabled: true}}}",
        "spec: {metrics: {enabled: true}}",
    )

    assert (found.metrics, found.record_error_codes, found.api_logging) == (True, True, True)


def test_variables_are_expanded(tmp_path: Path) -> None:
    text = 'metadata: {name: "${NAME}-$KIND"}\nspec: {a: "^/x/\\\\d+$"}'

    found = load(tmp_path, text, environ={"NAME": "n", "KIND": "k"})

    assert found.name == "n-k"
    assert found.spec["a"] == r"^/x/\d+$"


def test_unset_variable_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(tmp_path, "spec: {a: $GONE}").spec == {"a": None}
    assert "0.yaml: not set, and so left empty: GONE" in caplog.text


def test_other_kind_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = load(tmp_path, "kind: Resiliency\nspec: {a: 1}\n---\nkind: Configuration\nspec: {b: 1}")

    assert found.spec == {"b": 1}
    assert caplog.records[0].levelno == logging.WARNING
    assert "kind is Resiliency, wanted Configuration" in caplog.text


def test_all_faults_are_fatal_together(tmp_path: Path) -> None:
    scopes = "[{storeName: a}, {storeName: a, defaultAccess: maybe}]"
    (tmp_path / "1.yaml").write_text("a: [")
    (tmp_path / "2.yaml").write_text(f"spec:\n  secrets:\n    scopes: {scopes}")

    with pytest.raises(ManifestError) as raised:
        load_configuration([tmp_path / f"{number}.yaml" for number in range(3)], {})

    first, second, third, fourth = str(raised.value).splitlines()
    assert first.endswith("0.yaml: cannot be read, wanted a file: No such file or directory")
    assert "1.yaml, document 1, line 1: no YAML: did not find" in second
    assert third.endswith('2.yaml, document 1, line 3: spec.secrets.scopes names the store "a" twice')
    assert 'defaultAccess is "maybe", wanted allow or deny' in fourth
