from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pluggable.runtime.resources import (
    BulkSubscribe,
    Component,
    Declaration,
    MetadataItem,
    Resources,
    Rule,
    Subscription,
)
from pluggable.runtime.resources.manifests import ManifestError, load_resources

STORE = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: store
spec:
  type: state.in-memory
"""


def component(name: str, namespace: str = "", type_: str = "state.in-memory") -> str:
    space = f"\n  namespace: {namespace}" if namespace else ""
    return STORE.replace("name: store", f"name: {name}{space}").replace("state.in-memory", type_)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "resources"
    folder.mkdir()
    return folder


def load(folder: Path, *texts: str, namespace: str = "") -> Resources:
    for number, text in enumerate(texts, start=1):
        (folder / f"{number}.yaml").write_text(text)
    return load_resources([folder], app_id="shop", namespace=namespace)


def only(folder: Path, text: str) -> Component:
    (found,) = load(folder, text).components
    return found


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.ERROR) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_component_is_read_whole(folder: Path) -> None:
    found = only(
        folder,
        """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: store
  namespace: prod
spec:
  type: state.Redis
  version: v2
  ignoreErrors: true
  initTimeout: 1m30s
  metadata:
  - name: redisHost
    value: localhost:6379
  - name: redisPassword
    secretKeyRef: {name: redis, key: password}
  - name: user
    envRef: REDIS_USER
auth:
  secretStore: vault
scopes: [shop, other]
""",
    )

    assert found == Component(
        name="store",
        type="state.redis",
        version="v2",
        metadata=(
            MetadataItem(name="redisHost", value="localhost:6379"),
            MetadataItem(name="redisPassword", secret_name="redis", secret_key="password"),
            MetadataItem(name="user", env="REDIS_USER"),
        ),
        namespace="prod",
        scopes=("shop", "other"),
        secret_store="vault",
        ignore_errors=True,
        init_timeout_seconds=90,
    )
    assert str(found.origin) == f"{folder}/1.yaml, document 1, line 1"


def test_defaults_are_daprds(folder: Path) -> None:
    assert only(folder, STORE) == Component(name="store", type="state.in-memory")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("123", "123"), ("true", "true"), ("True", "true"), ("yes", "yes"), ("1:30", "1:30"), ("010", "010"),
        ("2024-01-31", "2024-01-31"), ("1.50", "1.50"), ('"quoted"', "quoted"), ('""', ""), ("null", None),
        ("", None), ("{b: [1, true], a: x}", '{"a":"x","b":[1,true]}'),
        ("|-\n      two\n      lines", "two\nlines"),
    ],
)  # fmt: skip
def test_values_become_texts(folder: Path, written: str, read: str | None) -> None:
    found = only(folder, STORE + f"  metadata:\n  - name: x\n    value: {written}\n")

    assert found.metadata == (MetadataItem(name="x", value=read),)


def test_name_may_be_a_number(folder: Path) -> None:
    assert only(folder, component("123")).name == "123"


def test_keys_count_in_any_case(folder: Path) -> None:
    text = STORE.replace("kind:", "Kind:").replace("metadata:", "METADATA:").replace("type:", "Type:")

    assert only(folder, text) == Component(name="store", type="state.in-memory")


def test_json_is_yaml(folder: Path) -> None:
    text = (
        '{\n\t"apiVersion": "dapr.io/v1alpha1", "kind": "Component",\n'
        '\t"metadata": {"name": "store"}, "spec": {"type": "state.in-memory"}\n}'
    )

    assert only(folder, text).name == "store"


def test_documents_are_counted_and_placed(folder: Path) -> None:
    text = f"# a comment\n---\n{component('a')}---\n---\n# nothing\n--- # here\n{component('b')}"

    origins = [str(each.origin).removeprefix(f"{folder}/") for each in load(folder, text).components]

    assert origins == ["1.yaml, document 1, line 3", "1.yaml, document 4, line 13"]


def test_merge_keys_and_anchors_work(folder: Path) -> None:
    text = STORE + "  metadata:\n  - &a {name: x, value: one}\n  - {<<: *a, name: y}\n"

    assert only(folder, text).metadata == (
        MetadataItem(name="x", value="one"),
        MetadataItem(name="y", value="one"),
    )


def test_both_versions_of_subscriptions(folder: Path) -> None:
    found = load(
        folder,
        """\
apiVersion: dapr.io/v1alpha1
kind: Subscription
metadata: {name: one}
spec:
  pubsubname: p
  topic: a
  route: /a
  metadata: {rawPayload: true}
  deadLetterTopic: dead
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: two}
spec:
  pubsubname: p
  topic: b
  routes:
    rules:
    - match: event.type == "x"
      path: /x
    default: /b
  bulkSubscribe: {enabled: true, maxMessagesCount: 5, maxAwaitDurationMs: 40}
scopes: [shop]
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
spec: {pubsubname: p, topic: c, routes: {default: /c}}
scopes: [another]
""",
    )

    assert found.subscriptions == (
        Subscription(
            name="one",
            pubsub="p",
            topic="a",
            rules=(Rule(path="/a"),),
            metadata={"rawPayload": "true"},
            dead_letter_topic="dead",
        ),
        Subscription(
            name="two",
            pubsub="p",
            topic="b",
            rules=(Rule(path="/x", match='event.type == "x"'), Rule(path="/b")),
            bulk=BulkSubscribe(enabled=True, max_messages=5, max_await_seconds=0.04),
            scopes=("shop",),
        ),
    )


def test_folder_is_read_by_name_without_subfolders(folder: Path) -> None:
    for name in ("b.yaml", "a.YML", "secrets.json", "sub.yaml/c.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(component(name.replace("/", "-")))

    found = load_resources([folder], app_id="shop")

    assert [each.name for each in found.components] == ["a.YML", "b.yaml"]


def test_path_may_be_a_file(folder: Path) -> None:
    (folder / "one").write_text(STORE)

    assert load_resources([folder / "one"], app_id="shop").components[0].name == "store"


def test_scopes_keep_others_out(folder: Path) -> None:
    assert load(folder, STORE + "scopes: [other]\n") == Resources()


def test_namespace_counts_when_set(folder: Path) -> None:
    texts = [component("a", "prod"), component("b", "test"), component("c")]

    assert [each.name for each in load(folder, *texts).components] == ["a", "b", "c"]
    assert [each.name for each in load(folder, *texts, namespace="prod").components] == ["a", "c"]


def test_duplicates_are_told_in_daprds_words(folder: Path) -> None:
    texts = (
        component("abc", "mynamespace"),
        component("abc", type_="pubsub.in-memory"),
        component("abc", "foobar"),
        component("123"),
        component("123", "mynamespace"),
    )

    with pytest.raises(ManifestError) as raised:
        load(folder, "---\n".join(texts), namespace="mynamespace")

    duplicate, file = "duplicate definition of Component name", f"{folder}/1.yaml"
    hint = "give each its own"
    assert str(raised.value).splitlines() == [
        f"{duplicate} abc (pubsub.in-memory/v1) with existing abc (state.in-memory/v1)",
        f"{duplicate} 123 (state.in-memory/v1) with existing 123 (state.in-memory/v1)",
        f"{file}, document 2, line 9: the name abc is taken by {file}, document 1, line 1; {hint}",
        f"{file}, document 5, line 31: the name 123 is taken by {file}, document 4, line 24; {hint}",
    ]


def test_missing_paths_are_fatal_together(folder: Path) -> None:
    with pytest.raises(ManifestError) as raised:
        load_resources([folder / "a", folder / "b"], app_id="shop")

    reason = "cannot be read, wanted a folder or a file: No such file or directory"
    assert str(raised.value) == f"{folder}/a: {reason}\n{folder}/b: {reason}"


def test_missing_type_is_fatal(folder: Path) -> None:
    text = STORE.replace("type: state.in-memory", "version: v1")

    with pytest.raises(ManifestError, match=r"1\.yaml, document 1, line 6: spec.type is missing"):
        load(folder, text)
    assert load(folder, text + "  ignoreErrors: true\n") == Resources()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1\nb: 2\n", "document 1, line 2: no YAML: did not find expected ',' or ']'"),
        (
            "a: b: c\n",
            "document 1, line 1: no YAML: mapping values are not allowed in this context",
        ),
        ("a: \x00\n", "document 1, line 1: no YAML: "),
        ("- 1\n", "document 1, line 1: the document is a list, wanted a mapping"),
        (STORE + "kind: Again\n", "document 1, line 7: kind is given twice, first on line 2"),
        (STORE + "Kind: Again\n", "document 1, line 1: kind is given as kind and Kind; keep one"),
        (STORE + "scopes: shop\n", 'document 1, line 7: scopes is "shop", wanted a list'),
        (STORE + "scopes: [[shop]]\n", "document 1, line 7: scopes is a list, wanted only texts in the list"),
        (STORE + "  metadata: {a: b}\n", "document 1, line 7: spec.metadata is a mapping, wanted a list"),
        (STORE + "  metadata: [a]\n", 'spec.metadata is "a", wanted only mappings in the list'),
        (STORE + "  metadata:\n  - value: x\n", "line 8: an item of spec.metadata has no name"),
        (STORE + "  ignoreErrors: maybe\n", 'line 7: spec.ignoreErrors is "maybe", wanted true or false'),
        (STORE + "auth: vault\n", 'line 7: auth is "vault", wanted a mapping'),
        (STORE.replace("store", "a/b"), 'line 4: metadata.name is "a/b", wanted one without / and %'),
        (STORE.replace("name: store", "labels: {}"), "line 4: metadata.name is missing"),
        (
            STORE.replace("v1alpha1", "v9"),
            'apiVersion is "dapr.io/v9", wanted dapr.io/v1alpha1 for a Component',
        ),
        (STORE.replace("dapr.io/v1alpha1", "v1"), 'apiVersion is "v1", wanted dapr.io/v1alpha1'),
        ("a: &a [*a]\n", "nests more than 100 deep"),
        ("{a: b}: c\n", "line 1: a key in the document is no text"),
    ],
)
def test_broken_document_is_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture, text: str, fault: str
) -> None:
    found = load(folder, text + "\n---\n" + component("whole"))

    assert [each.name for each in found.components] == ["whole"]
    (message,) = logged(caplog)
    assert message.startswith(f"{folder}/1.yaml, document 1, line ")
    assert fault in message
    assert message.endswith("; this document is left out")


def test_key_repeated_with_the_same_value_is_only_noted(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert only(folder, "apiVersion: dapr.io/v1alpha1\n" + STORE).name == "store"
    assert "document 1, line 2: apiVersion is given twice, first on line 1" in caplog.text


def test_file_not_in_utf8_is_left_out(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "0.yaml").write_bytes(b"a: b\nc: \xff\n")

    assert only(folder, STORE).name == "store"
    assert "0.yaml, document 1, line 2: the file is not UTF-8" in logged(caplog)[0]


@pytest.mark.parametrize(
    ("kind", "warning"),
    [
        ("kind: Resilience", 'line 1: kind "Resilience" is unknown; did you mean Resiliency? the document'),
        ("kind: Componet", 'line 1: kind "Componet" is unknown; did you mean Component? the document'),
        ("kind: Zebra", 'line 1: kind "Zebra" is unknown, wanted one of Component, Configuration, '),
        ("other: x", 'line 1: kind "" is unknown, wanted one of'),
    ],
)
def test_other_kinds_are_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture, kind: str, warning: str
) -> None:
    assert load(folder, STORE.replace("kind: Component", kind)) == Resources()
    assert warning in logged(caplog, logging.WARNING)[0]


def test_strangers_yaml_is_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(folder, "apiVersion: apps/v1\nkind: Deployment\n") == Resources()
    assert 'apiVersion is "apps/v1", wanted dapr.io/v1alpha1' in logged(caplog, logging.WARNING)[0]


def test_configuration_beside_resources_is_fine(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = load(folder, "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: mine}\n")

    assert found == Resources(configurations=(Declaration(name="mine"),))
    assert caplog.records == []


@pytest.mark.parametrize("timeout", ["2", "soon", "0s", "-1s"])
def test_bad_init_timeout_is_the_default(
    folder: Path, caplog: pytest.LogCaptureFixture, timeout: str
) -> None:
    found = only(folder, STORE + f"  initTimeout: {timeout}\n")

    assert found.init_timeout_seconds == 5
    assert f'spec.initTimeout is "{timeout}", wanted a duration such as 30s; 5s holds' in caplog.text


def test_thousand_components_are_quick(folder: Path) -> None:
    text = "---\n".join(component(f'"name {number} ✓"') for number in range(1000))

    assert len(load(folder, text).components) == 1000
