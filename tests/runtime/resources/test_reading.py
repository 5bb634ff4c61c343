"""What becomes of resources whose files are read again and found to be faulty."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from pluggable.runtime.resources import Resources
from pluggable.runtime.resources.manifests import ManifestError, load_resources


def store(name: str, type_: str = "state.in-memory") -> str:
    return (
        f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: {type_}, version: v1}}\n"
    )


def load(folder: Path, known: Resources | None = None) -> Resources:
    return load_resources([folder], app_id="shop", known=known)


def types(found: Resources) -> dict[str, str]:
    return {each.name: each.type for each in found.components}


def mislead(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.parent / "nowhere")


FAULTS: dict[str, Callable[[Path], object]] = {
    "half written": lambda file: file.write_text(store("a")[:60] + "{"),
    "without a type": lambda file: file.write_text(store("a").partition("spec")[0]),
    "no text": lambda file: file.write_bytes(b"\xff\xfe\xfd"),
    "a link to nowhere": lambda file: mislead(file),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faulty_file_costs_nothing_that_runs(
    tmp_path: Path, fault: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(store("a"))
    known = load(tmp_path)
    fault(file)
    (tmp_path / "b.yaml").write_text(store("b"))

    assert types(load(tmp_path, known)) == {"a": "state.in-memory", "b": "state.in-memory"}
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert str(file) in errors[0]
    assert f"a, as it was read from {file}, document 1, line 1 before, still holds" in caplog.text


def test_good_documents_of_a_faulty_file_count(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(store("a") + "---\n" + store("b"))
    known = load(tmp_path)
    file.write_text(store("a", "state.redis") + "---\n{")

    assert types(load(tmp_path, known)) == {"a": "state.redis", "b": "state.in-memory"}


def test_mended_file_counts_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(store("a"))
    known = load(tmp_path)
    file.write_text("{")
    known = load(tmp_path, known)
    file.write_text(store("b"))

    assert types(load(tmp_path, known)) == {"b": "state.in-memory"}


def test_resource_may_leave_a_faulty_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(store("a"))
    known = load(tmp_path)
    (tmp_path / "a.yaml").write_text("{")
    (tmp_path / "b.yaml").write_text(store("a", "state.redis"))

    assert types(load(tmp_path, known)) == {"a": "state.redis"}


def test_folder_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "resources"
    folder.mkdir()
    (folder / "a.yaml").write_text(store("a"))
    known = load(folder)
    (folder / "a.yaml").unlink()
    folder.rmdir()

    assert types(load(folder, known)) == {"a": "state.in-memory"}


def test_name_given_twice_is_fatal_at_any_time(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(store("a"))
    known = load(tmp_path)
    (tmp_path / "b.yaml").write_text(store("a"))

    with pytest.raises(ManifestError) as raised:
        load(tmp_path, known)
    assert raised.value.headlines == (
        "duplicate definition of Component name a (state.in-memory/v1) with existing a (state.in-memory/v1)",
    )


@pytest.mark.parametrize(
    ("kind", "spec", "shown"),
    [
        ("HTTPEndpoint", "{baseUrl: 'http://x'}", "one (http://x)"),
        ("MCPServer", "{endpoint: {sse: {url: 'http://x'}}}", "one (http://x)"),
        ("WorkflowAccessPolicy", "{}", "one"),
    ],
)
def test_other_kinds_have_names_of_their_own(tmp_path: Path, kind: str, spec: str, shown: str) -> None:
    document = f"apiVersion: dapr.io/v1alpha1\nkind: {kind}\nmetadata: {{name: one}}\nspec: {spec}\n"
    (tmp_path / "a.yaml").write_text(store("one") + "---\n" + document)
    load(tmp_path)
    (tmp_path / "b.yaml").write_text(document)

    with pytest.raises(ManifestError) as raised:
        load(tmp_path)
    assert raised.value.headlines == (f"duplicate definition of {kind} name {shown} with existing {shown}",)
