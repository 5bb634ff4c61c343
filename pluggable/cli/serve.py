"""``pluggable serve``: components on sockets in the shared folder, for any sidecar to find."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from .. import logs
from ..bindings import InputBinding, OutputBinding
from ..component import Component
from ..configuration import ConfigurationStore
from ..conversation import Conversation
from ..crypto import SubtleCrypto
from ..errors import ComponentError
from ..lock import LockStore
from ..nameresolution import NameResolver
from ..pubsub import PubSub
from ..secretstores import SecretStore
from ..serving import serve
from ..serving.child import CannotLoadError, load as load_installed
from ..state import StateStore

#: What a class must be to serve a block.
BLOCKS: dict[str, tuple[type[Component], ...]] = {
    "state": (StateStore,),
    "configuration": (ConfigurationStore,),
    "lock": (LockStore,),
    "pubsub": (PubSub,),
    "bindings": (InputBinding, OutputBinding),
    "secretstores": (SecretStore,),
    "crypto": (SubtleCrypto,),
    "nameresolution": (NameResolver,),
    "conversation": (Conversation,),
}


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "types",
        nargs="+",
        metavar="TYPE",
        help="an installed type, such as state.sqlite; the same under a name of yours, "
        "state.orders=state.sqlite; or one to import, from the current directory too: "
        "state.mine=package.module:Class",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the sockets go; default: $DAPR_COMPONENTS_SOCKETS_FOLDER, else a folder in /tmp",
    )
    parser.add_argument("--log-as-json", action="store_true", help="log an object on each line")
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warn", "error", "fatal"),
        default="info",
        metavar="LEVEL",
        help="debug, info, warn, error or fatal; default: info",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes; types of one name share a socket."""
    logs.setup(as_json=arguments.log_as_json, level=getattr(logging, arguments.log_level.upper()))
    sys.path.insert(0, str(Path.cwd()))
    try:
        serve(load(arguments.types), folder=arguments.folder)
    except (ComponentError, CannotLoadError) as error:
        sys.stderr.write(f"pluggable serve: {error}\n")
        return 1
    return 0


def load(words: Sequence[str]) -> dict[str, list[type[Component]]]:
    """
    Import the classes, by socket name.

    Raises:
        CannotLoadError: a type is not installed, or its class cannot be imported; the text says what to do.
    """
    found: dict[str, list[type[Component]]] = {}
    for word in words:
        type_, cls = named(word)
        name = type_.partition("/")[0].partition(".")[2]
        if cls not in found.setdefault(name, []):
            found[name].append(cls)
    return found


def named(word: str) -> tuple[str, type[Component]]:
    """
    Return the type that a word names, such as ``state.sqlite`` or ``state.mine=mine:Store``, and its class.

    Raises:
        CannotLoadError: it names none, or its class cannot be imported; the text says what to do.
    """
    type_, _, target = word.partition("=")
    block, _, name = type_.partition("/")[0].partition(".")
    if block not in BLOCKS or not name:
        raise CannotLoadError(
            f"{word} is not a type; wanted is <block>.<name>, such as state.sqlite, "
            f"with a block of {', '.join(BLOCKS)}"
        )
    return type_, _class(type_, block, target or type_)


def _class(type_: str, block: str, target: str) -> type[Component]:
    """Load what serves the type: an installed type, maybe of another name, or what can be imported."""
    if target.startswith(f"{block}.") and ":" not in target:
        return load_installed([target])[0]
    return _imported(type_, block, target)


def _imported(type_: str, block: str, target: str) -> type[Component]:
    """Import ``module:Class``, which must be a component of the block."""
    module, colon, attribute = target.partition(":")
    if not colon or not attribute:
        raise CannotLoadError(f"type {type_}: {target} is no class; wanted is package.module:Class")
    try:
        cls = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise CannotLoadError(f"type {type_} cannot be loaded from {target}: {error}") from error
    if not isinstance(cls, type) or not issubclass(cls, BLOCKS[block]):
        wanted = " or ".join(base.__name__ for base in BLOCKS[block])
        raise CannotLoadError(f"type {type_}: {target} is no subclass of {wanted}")
    return cls
