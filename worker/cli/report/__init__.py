"""`report …`: what was sent and what came of it, for people, for programs, and as files."""

from __future__ import annotations

from worker.cli.report import lists, page, refused, sums
from worker.cli.report.summary import report

for command in (*sums.COMMANDS, *lists.COMMANDS, *page.COMMANDS, *refused.COMMANDS):
    report.add_command(command)

__all__ = ["report"]
