"""The page's address, with a link by which whoever runs this machine signs in once, without a password."""

from __future__ import annotations

import sys

from worker.api.notifier import Notifier
from worker.cli.output import say
from worker.cli.up.installation import Installation
from worker.devkit.processes.folder import write_private

LINK = "page.link"  # in the folder; for its owner alone


def say_page(installation: Installation) -> None:
    """Where it is, and the link: on a terminal, else in a file, since what is printed may be kept as a log."""
    if installation.http_port is None:
        say("There is no page and nobody answers by HTTP: for both, pip install 'esms-worker[http]'")
        return
    address = f"http://127.0.0.1:{installation.http_port}"
    with Notifier.from_env(installation.environ) as notifier:
        link = f"{address}/enter/{notifier.users.link()}"
    write_private(installation.folder / LINK, link + "\n")
    where = link if sys.stdout.isatty() else f"the link in {installation.folder / LINK}"
    say(f"Look at it in a browser: {address}")
    say(f"  sign in by {where}  (once, within an hour, as admin)")
