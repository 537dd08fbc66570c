"""What people see in a narrow terminal: nothing is broken inside a word, and a long name is not folded to pieces."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from worker.cli.report.summary import say_report
from worker.lifecycle import Status
from worker.reporting import ReportLine

SENTENCE = "Everything runs; what this sentence says goes on well beyond the eighty columns of a terminal"
PROGRAM = f"from worker.cli.output import say, say_error; say('  ' + {SENTENCE!r}); say_error({SENTENCE!r}); say('')"


def said_in_a_terminal() -> list[str]:
    ours, theirs = pty.openpty()
    environ = os.environ | {"COLUMNS": "80"}
    subprocess.run([sys.executable, "-c", PROGRAM], stdout=theirs, stderr=theirs, env=environ, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1(65536).decode().split("\r\n")


def test_a_line_is_broken_between_words_in_a_terminal_and_not_at_all_in_a_pipe() -> None:
    told = said_in_a_terminal()
    assert [len(line) <= 80 for line in told] == [True] * len(told)
    assert told[0].startswith("  Everything")
    assert told[1].startswith("  ")
    assert " ".join(" ".join(told).split()) == f"{SENTENCE} error: {SENTENCE}"
    piped = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert (piped.stdout, piped.stderr) == (f"  {SENTENCE}\n\n", f"error: {SENTENCE}\n")


def test_a_long_campaign_takes_two_lines_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "reminder:birthdays-of-the-whole-company-in-hanoi-2027"
    say_report({"campaign": [ReportLine(key=name, statuses={Status.DELIVERED: 12_345, Status.REJECTED: 12})]})
    told = capsys.readouterr().out
    assert len(told.strip().splitlines()) == 3
    assert "█" not in told
    monkeypatch.setenv("COLUMNS", "120")
    say_report({"campaign": [ReportLine(key=name, statuses={Status.DELIVERED: 12_345})]})
    assert "█" in capsys.readouterr().out
