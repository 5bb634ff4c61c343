"""The report, for readers and for scripts."""

from __future__ import annotations

import json

from pluggable.doctor.findings import Finding, Report, error, fine, listed, note, warning

ERROR = error("socket-stale", "/s/x.sock", "nobody listens", daprd="hangs", mend="remove it")
WARNING = warning("file-no-socket", "/s/x.lock", "is no socket", daprd="ignores it", mend="remove it")
NOTE = note("yaml", "x.yaml", "was not read")
FINE = fine("socket", "/s/y.sock", "serves state.y")


def report(*findings: Finding) -> Report:
    return Report(folder="/s", user="1000", findings=findings)


def test_what_follows_stands_below() -> None:
    assert report(ERROR, FINE).text().splitlines() == [
        "error    /s/x.sock: nobody listens",
        "         daprd: hangs",
        "         mend:  remove it",
        "ok       /s/y.sock: serves state.y",
        "",
        "1 error, 0 warnings, 0 notes: a daprd could not use everything",
    ]


def test_warnings_and_notes_leave_all_usable() -> None:
    found = report(WARNING, WARNING, NOTE)

    assert found.usable
    assert found.summary() == "0 errors, 2 warnings, 1 note: a daprd could use everything"


def test_json_has_every_field() -> None:
    assert json.loads(report(ERROR).json()) == {
        "folder": "/s",
        "user": "1000",
        "usable": False,
        "findings": [
            {
                "check": "socket-stale",
                "severity": "error",
                "where": "/s/x.sock",
                "found": "nobody listens",
                "daprd": "hangs",
                "mend": "remove it",
            }
        ],
    }


def test_many_names_are_cut_short() -> None:
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert listed("abc") == "a, b, c"
