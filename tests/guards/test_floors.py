"""The house has floors: a module imports from lower ones and its own package, never up, never across."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

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


@cache
def imports(path: Path, root: Path) -> list[tuple[str, int]]:
    """Return every module that a file imports, absolute and dotted, with the line."""
    return list(_imports(path, root))


def _imports(path: Path, root: Path) -> Iterator[tuple[str, int]]:
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


def wrong(root: Path, is_wrong: Callable[[Path, str], bool]) -> list[str]:
    """Return the imports that a rule forbids, each with where it is."""
    return [
        f"{path}:{line} imports {module}"
        for path in modules(root)
        for module, line in imports(path, root)
        if is_wrong(path, module)
    ]


def top(module: str) -> str:
    """Return the first name below ``pluggable``, empty for the package itself."""
    name = module.split(".")[1] if "." in module else ""
    return name if name in FLOOR else ""


def test_every_module_has_a_floor() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    assert (modules | packages) - {"__init__"} <= FLOOR.keys()


def test_modules_import_from_lower_floors() -> None:
    def is_up_or_across(path: Path, module: str) -> bool:
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own == "__init__" or module.split(".")[0] != "pluggable" or (name := top(module)) in ("", own):
            return False
        beside = FLOOR[name] == FLOOR[own] and FLOOR[own] in NEIGHBOURS
        return not (FLOOR[name] < FLOOR[own] or beside)

    assert wrong(PACKAGE, is_up_or_across) == []


def test_only_the_transport_imports_grpc() -> None:
    transport = PACKAGE / "transport"

    def is_grpc(path: Path, module: str) -> bool:
        its_own = path.is_relative_to(transport) and "grpcio" in str(path.relative_to(transport))
        return module.split(".")[0] == "grpc" and not its_own

    assert wrong(PACKAGE, is_grpc) == []


def test_sidecar_does_not_import_serving() -> None:
    def is_serving(path: Path, module: str) -> bool:
        return path.is_relative_to(PACKAGE / "runtime") and module.startswith("pluggable.serving")

    assert wrong(PACKAGE, is_serving) == []


def test_servers_use_public_names() -> None:
    def is_private(_path: Path, module: str) -> bool:
        parts = module.split(".")
        private = any(part.startswith("_") for part in parts) or "runtime" in parts
        return parts[0] == "pluggable" and private

    assert wrong(SERVERS, is_private) == []
