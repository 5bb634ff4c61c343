from __future__ import annotations

import pytest

from pluggable.scaffold import Naming, ScaffoldError


@pytest.mark.parametrize(
    ("name", "package", "cls", "container"),
    [
        ("my-store", "my_store", "MyStore", "my-store"),
        ("acme.store", "acme_store", "AcmeStore", "acme-store"),
        ("a_b.c-d2", "a_b_c_d2", "ABCD2", "a-b-c-d2"),
        ("shelf", "shelf", "Shelf", "shelf"),
    ],
)
def test_all_names_follow_from_one(name: str, package: str, cls: str, container: str) -> None:
    naming = Naming.of("state", name)

    assert (naming.package, naming.cls, naming.container) == (package, cls, container)
    assert (naming.name, naming.type) == (name, f"state.{name}")


@pytest.mark.parametrize(
    "name", ["", "My-Store", "9lives", "-x", "x-", "x.", "a b", "a/b", "../x", "größe", "x\n", "$x"]
)
def test_word_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ScaffoldError, match="is no name for a component; wanted are lower-case letters"):
        Naming.of("state", name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (
            "json",
            '"json" would be the Python package json, which is taken; choose another name, such as my-json',
        ),
        ("class", "which is taken"),
        ("pluggable", "which is taken"),
        ("tests", "which is taken"),
        ("sqlite", "state.sqlite is installed already; choose another name, such as my-sqlite"),
        ("x" * 41, "has 41 letters, at most 40 are possible"),
    ],
)
def test_name_that_is_taken_is_refused(name: str, fault: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        Naming.of("state", name)

    assert fault in str(caught.value)
