"""`report html`: a page to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.catalogue import Language
from worker.cli.output import lang_option, say
from worker.cli.report.options import usage, which_of, which_options
from worker.settings.language import language_of


@click.command("html")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@which_options("status", "code")
@lang_option
def html(file: Path, lang: str | None, **given: Any) -> None:
    """Write all of it into FILE, one page that needs nothing else: to keep, to print, to send.

    By default of the last 30 days. It names campaigns and no recipient; only its owner can read the file.
    """
    from worker.spreadsheets import write_whole

    which = which_of(given)
    with Notifier.from_env() as notifier, usage():
        page = notifier.reports.page(language=Language(lang) if lang else language_of(), **which)
    write_whole(file, page.encode())
    say(f"page: {file}")


COMMANDS = (html,)
