"""Documents become components, subscriptions and configurations, by daprd's names for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..access import Access, Rule as AccessRule
from ..flagtable import seconds
from .faults import Severity
from .tree import Document, Table, text_of
from .values import (
    INIT_TIMEOUT_SECONDS,
    BulkSubscribe,
    Component,
    Configuration,
    Handler,
    MetadataItem,
    Origin,
    Rule,
    SecretScope,
    Subscription,
)

_ACCESS: Final = {"": True, "allow": True, "deny": False}


def component(document: Document, root: Table) -> Component | None:
    """Return the component that a document describes; ``None`` if it has faults."""
    metadata, spec = root.table("metadata"), root.table("spec")
    ignore_errors = spec.flag("ignoreErrors")
    type_ = spec.text("type").lower()
    if not type_:
        severity = Severity.SKIPPED if ignore_errors else Severity.FATAL
        document.fault(spec.line, "spec.type is missing, wanted a type such as state.redis", severity)
    found = Component(
        name=name_of(document, metadata),
        type=type_,
        written_type=spec.text("type"),
        version=spec.text("version") or "v1",
        metadata=tuple(item(document, each) for each in spec.tables("metadata")),
        namespace=metadata.text("namespace"),
        scopes=root.texts("scopes"),
        secret_store=root.table("auth").text("secretStore"),
        ignore_errors=ignore_errors,
        init_timeout_seconds=_init_timeout(document, spec),
        origin=origin_of(document, root),
    )
    return found if document.usable else None


def subscription(document: Document, root: Table, version: str) -> Subscription | None:
    """Return the subscription that a document of either version describes; ``None`` if it has faults."""
    metadata, spec = root.table("metadata"), root.table("spec")
    for needed in ("pubsubname", "topic"):
        if not spec.text(needed):
            document.fault(spec.line, f"spec.{needed} is missing")
    if version == "v1alpha1":
        rules, default = [], spec.text("route")
    else:
        routes = spec.table("routes")
        rules = [Rule(path=rule.text("path"), match=rule.text("match")) for rule in routes.tables("rules")]
        default = routes.text("default")
    if default:
        rules.append(Rule(path=default))
    bulk = spec.table("bulkSubscribe")
    found = Subscription(
        pubsub=spec.text("pubsubname"),
        topic=spec.text("topic"),
        rules=tuple(rules),
        dead_letter_topic=spec.text("deadLetterTopic"),
        metadata=spec.mapping("metadata"),
        bulk=BulkSubscribe(
            enabled=bulk.flag("enabled"),
            max_messages=bulk.integer("maxMessagesCount") or BulkSubscribe().max_messages,
            max_await_seconds=bulk.integer("maxAwaitDurationMs") / 1000 or BulkSubscribe().max_await_seconds,
        ),
        name=metadata.text("name"),
        namespace=metadata.text("namespace"),
        scopes=root.texts("scopes"),
        origin=origin_of(document, root),
    )
    return found if document.usable else None


def configuration(document: Document, root: Table, earlier: Configuration) -> Configuration:
    """Return what a document describes, laid over an earlier configuration: mappings merge, lists do not."""
    spec = root.table("spec")
    secrets, features = spec.table("secrets"), spec.get("features")
    metric, metrics = spec.table("metric"), spec.table("metrics")
    api_logging = spec.table("logging").table("apiLogging")

    def measured(key: str, default: bool) -> bool:
        return metrics.flag(key, default=metric.flag(key, default=default))

    return Configuration(
        name=root.table("metadata").text("name") or earlier.name,
        secret_scopes=_scopes(document, secrets) if secrets.get("scopes") else earlier.secret_scopes,
        features=(
            {each.text("name"): each.flag("enabled") for each in spec.tables("features")}
            if features
            else earlier.features
        ),
        api_logging=api_logging.flag("enabled", default=earlier.api_logging),
        metrics=measured("enabled", earlier.metrics),
        record_error_codes=measured("recordErrorCodes", earlier.record_error_codes),
        access=Access(
            allowed=_rules(spec.table("api"), "allowed") or earlier.access.allowed,
            denied=_rules(spec.table("api"), "denied") or earlier.access.denied,
        ),
        http_pipeline=_handlers(spec, "httpPipeline") or earlier.http_pipeline,
        app_http_pipeline=_handlers(spec, "appHttpPipeline") or earlier.app_http_pipeline,
        spec=_merged(earlier.spec, spec.plain),
        origin=origin_of(document, root),
    )


def _rules(api: Table, key: str) -> tuple[AccessRule, ...]:
    return tuple(
        AccessRule(name=each.text("name"), version=each.text("version"), protocol=each.text("protocol"))
        for each in api.tables(key)
    )


def name_of(document: Document, metadata: Table) -> str:
    """Return a resource's name; one that is missing or no path segment is a fault."""
    name = metadata.text("name")
    if not name:
        document.fault(metadata.line, "metadata.name is missing")
    elif name in {".", ".."} or "/" in name or "%" in name:
        document.fault(metadata.line, f'metadata.name is "{name}", wanted one without / and %')
    return name


def item(document: Document, written: Table) -> MetadataItem:
    """Return a property: its value, or where to find it."""
    name, value, secret = written.text("name"), written.get("value"), written.table("secretKeyRef")
    if not name:
        document.fault(written.line, "an item of spec.metadata has no name")
    return MetadataItem(
        name=name,
        value=None if value is None else text_of(value),
        secret_name=secret.text("name") or None,
        secret_key=secret.text("key") or None,
        env=written.text("envRef") or None,
    )


def _init_timeout(document: Document, spec: Table) -> float:
    written = spec.text("initTimeout")
    if not written:
        return INIT_TIMEOUT_SECONDS
    try:
        timeout = seconds(written)
    except ValueError:
        timeout = 0
    if timeout > 0:
        return timeout
    document.fault(
        spec.line,
        f'spec.initTimeout is "{written}", wanted a duration such as 30s; {INIT_TIMEOUT_SECONDS:g}s holds',
        Severity.NOTED,
    )
    return INIT_TIMEOUT_SECONDS


def _scopes(document: Document, secrets: Table) -> tuple[SecretScope, ...]:
    found: dict[str, SecretScope] = {}
    for scope in secrets.tables("scopes"):
        store, access = scope.text("storeName"), scope.text("defaultAccess")
        if store in found:
            document.fault(scope.line, f'spec.secrets.scopes names the store "{store}" twice')
        if access.lower() not in _ACCESS:
            document.fault(
                scope.line, f'spec.secrets.scopes: defaultAccess is "{access}", wanted allow or deny'
            )
        found[store] = SecretScope(
            store=store,
            default_allow=_ACCESS.get(access.lower(), False),
            allowed=scope.texts("allowedSecrets"),
            denied=scope.texts("deniedSecrets"),
        )
    return tuple(found.values())


def _handlers(spec: Table, pipeline: str) -> tuple[Handler, ...]:
    """Return what a pipeline names, in its order."""
    return tuple(
        Handler(name=each.text("name"), type=each.text("type").lower(), version=each.text("version") or "v1")
        for each in spec.table(pipeline).tables("handlers")
    )


def _merged(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the later mapping laid over the earlier; what both have as mappings is merged in turn."""
    merged = dict(earlier)
    for key, value in later.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def origin_of(document: Document, root: Table) -> Origin:
    """Return where a resource was written."""
    return Origin(document.file, document.number, root.line)
