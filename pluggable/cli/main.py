"""``pluggable``: the command with its subcommands, each loaded when it is asked for."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import NoReturn

#: The status of a misuse (``EX_USAGE``).
USAGE_STATUS = 64
#: Subcommands, each a module of this package with ``options(parser)`` and ``run(arguments) -> exit code``.
COMMANDS = {
    "run": "run an application with its sidecar",
    "serve": "serve bundled or importable components on sockets",
    "list": "show sockets, what they serve and whether they answer",
    "describe": "tell what a component is and which settings it has",
    "conformance": "check what a component on a socket promises",
    "doctor": "say what a daprd would make of sockets and YAML, and how to mend it",
    "probe": "ask a socket whether its components can work, as Kubernetes does",
    "new": "make a project for a component: code, tests, image, manifests",
    "dev": "serve a component, and start it again whenever its source changes",
}
#: Those that take an application behind ``--``, however their own words are mixed; it is ``behind`` to them.
WITH_APPLICATION = {"dev"}


class _Parser(argparse.ArgumentParser):
    """Leaves with the status that says misuse, also where only a subcommand's options are wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_STATUS, f"{self.prog}: {message}\n")


def main() -> int:
    """Run the subcommand named on the command line and return its exit code."""
    parser = _Parser(prog="pluggable", description="Dapr's building blocks in Python.", allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    words, behind = sys.argv[1:], []
    if words[:1] and words[0] in WITH_APPLICATION and "--" in words:
        words, behind = words[: words.index("--")], words[words.index("--") + 1 :]
    for name, summary in COMMANDS.items():
        described = f"{summary[0].upper()}{summary[1:]}."
        subparser = subparsers.add_parser(name, help=summary, description=described, allow_abbrev=False)
        if name in words[:1]:
            import_module(f".{name}", __package__).options(subparser)
    arguments = parser.parse_args(words, argparse.Namespace(behind=behind))
    if arguments.version:
        from .version import version

        sys.stdout.write(f"pluggable {version()}\n")
        return 0
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return USAGE_STATUS
    return int(import_module(f".{arguments.command}", __package__).run(arguments))


if __name__ == "__main__":
    sys.exit(main())
