"""``pluggable conformance``: put a component on a socket through the checks, and report."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import anyio

from ..conformance import Kit, Profile, Report
from ..errors import ComponentError


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("socket", type=Path, help="the component's socket")
    parser.add_argument("--profile", type=Path, help="a TOML file with what cannot be learnt by asking")
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what stands under spec.metadata; may be repeated",
    )
    parser.add_argument("--block", action="append", default=[], help="check this block only; may be repeated")
    parser.add_argument("--instance", help="the component's name; default: conformance")
    parser.add_argument(
        "-k", "--only", default="", metavar="TEXT", help="run the checks with this in their name"
    )
    parser.add_argument("--list", action="store_true", help="name the checks with their rules, and run none")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write a report for JUnit's readers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a report in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit code is 1 if a check failed, 64 if there was nothing to check."""
    try:
        profile = _profile(arguments)
        report = anyio.run(_checked, profile, arguments)
    except (ComponentError, ValueError, OSError) as error:
        sys.stderr.write(f"pluggable conformance: {error}\n")
        return 64
    if report is None:
        return 0
    sys.stdout.write(report.text() + "\n")
    if arguments.junit:
        arguments.junit.write_text(report.junit())
    if arguments.json:
        arguments.json.write_text(report.json() + "\n")
    return int(bool(report.failed))


def _profile(arguments: argparse.Namespace) -> Profile:
    """
    Return what the options, and the file they name, say together.

    Raises:
        ValueError: an option or the file is not as it must be.
    """
    profile = Profile.given(arguments.socket, file=arguments.profile, words=arguments.property)
    return dataclasses.replace(
        profile,
        blocks=tuple(arguments.block) or profile.blocks,
        instance=arguments.instance or profile.instance,
    )


async def _checked(profile: Profile, arguments: argparse.Namespace) -> Report | None:
    async with Kit(profile) as kit:
        if not arguments.list:
            return await kit.run_all(only=arguments.only)
        for check in kit.checks:
            if arguments.only in check.id:
                sys.stdout.write(f"{check.id}\n    {check.rule}\n")
    return None
