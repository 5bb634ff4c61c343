"""The house has floors: a module imports from lower ones and its own package, never up, never across."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pluggable"
SERVERS = ROOT / "servers" / "pluggable_servers"

#: What is on which floor, lowest first; those on one floor do not know each other unless said below.
FLOORS = (
    {"_proto", "transport"},
    {"errors", "metadata", "about", "logs", "sockets"}
    | {
        "_called",
        "_collecting",
        "_duration",
        "_lines",
        "_promises",
        "_properties",
        "_quantity",
        "_records",
        "_secrets",
    }
    | {"_exports", "_forks", "_settings"},
    {"component", "delivery", "state", "keyspace", "pubsub", "bindings", "secretstores"}
    | {"configuration", "lock", "crypto", "cryptokeys", "nameresolution", "conversation"},
    {"_wire"},
    {"serving", "remote", "describing"},
    {"runtime", "conformance"},
    {"launch", "scaffold"},
    {"testing", "_pytest", "doctor", "dev"},
    {"cli"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
#: Floors on which a name is made of its neighbours.
NEIGHBOURS = {1, 2}


def imports(path: Path, root: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, absolute and dotted, with the line."""
    package = [root.name, *path.relative_to(root).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                yield f"{module}.{alias.name}", node.lineno


def modules(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*.py")) if "_proto" not in path.parts]


def top(module: str) -> str:
    """Return the first name below ``pluggable``, empty for the package itself."""
    name = module.split(".")[1] if "." in module else ""
    return name if name in FLOOR else ""


def test_every_module_has_a_floor() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    assert (modules | packages) - {"__init__"} <= FLOOR.keys()


@pytest.mark.parametrize("path", modules(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_from_lower_floors(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for module, line in imports(path, PACKAGE):
        if module.split(".")[0] != "pluggable" or (name := top(module)) in ("", own):
            continue
        allowed = FLOOR[name] < FLOOR[own] or (FLOOR[name] == FLOOR[own] and FLOOR[own] in NEIGHBOURS)
        assert allowed, f"{path}:{line} imports {module}"


@pytest.mark.parametrize("path", modules(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_transport_imports_grpc(path: Path) -> None:
    if "grpcio" in str(path.relative_to(PACKAGE / "transport") if "transport" in path.parts else ""):
        return
    for module, line in imports(path, PACKAGE):
        assert module.split(".")[0] != "grpc", f"{path}:{line} imports {module}"


@pytest.mark.parametrize(
    "path", modules(PACKAGE / "runtime"), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_sidecar_does_not_import_serving(path: Path) -> None:
    for module, line in imports(path, PACKAGE):
        assert not module.startswith("pluggable.serving"), f"{path}:{line} imports {module}"


@pytest.mark.parametrize("path", modules(SERVERS), ids=lambda path: str(path.relative_to(SERVERS)))
def test_servers_use_public_names(path: Path) -> None:
    for module, line in imports(path, SERVERS):
        parts = module.split(".")
        if parts[0] == "pluggable":
            private = any(part.startswith("_") for part in parts) or "runtime" in parts
            assert not private, f"{path}:{line} imports {module}"
