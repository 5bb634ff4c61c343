"""The two forms for people: a summary for a terminal, a table for a README."""

from __future__ import annotations

from pluggable import Component
from pluggable.describing import FORMATS, describe
from tests.describing.components import Silent, Store, Untold

TEXT = """\
state.keeper/v1: Keeper (beta)
  Keeps things, in `order` and for good.
  https://example.org/keeper
  capabilities: crud, etag, transactional, actorStateStore
  settings:
    path  string, required
        Where it is; | is no separator. Also read as dir. For example C:\\a|b: #1
    token  string, required, secret
        What lets it in.
    secondToken  string, secret
    retries  number, default 3
        How often, and "how" long.
"""


def text(type_: str, component: type[Component]) -> str:
    return FORMATS["text"](describe(type_, component))


def table(type_: str, component: type[Component]) -> str:
    return FORMATS["markdown"](describe(type_, component))


def test_summary_tells_all() -> None:
    assert text("state.keeper", Store).startswith(TEXT)
    assert "    mode  fast | yes\n" in text("state.keeper", Store)


def test_summary_tells_operations() -> None:
    told = text("bindings.bell", Silent)

    assert "  binding: input, output\n" in told
    assert "  operations:\n    create: Rings.\n    delete\n" in told
    assert "  settings: none\n" in told


def test_untold_settings_are_asked_for() -> None:
    assert "about = About(settings=…) in its class" in text("bindings.untold", Untold)
    assert "Its class does not say what its settings are." in table("bindings.untold", Untold)
    assert "It has no settings." in table("bindings.bell", Silent)


def test_table_has_a_row_for_each_setting() -> None:
    rows = [line for line in table("state.keeper", Store).splitlines() if line.startswith("| `")]

    assert len(rows) == len(describe("state.keeper", Store).properties or ())
    assert rows[0] == (
        "| `path` | string | required | Where it is; \\| is no separator. Also read as dir. "
        "For example `C:\\a\\|b: #1`. |"
    )
    assert rows[1] == "| `token` | string | required | What lets it in. Secret. |"
    assert rows[3] == '| `retries` | number | `3` | How often, and "how" long. |'


def test_every_row_has_four_cells() -> None:
    rows = [line for line in table("state.keeper", Store).splitlines() if line.startswith("|")]

    assert {line.replace("\\|", "").count("|") for line in rows} == {5}
