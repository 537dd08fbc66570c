"""Look, draw, and hear a key, until q, Ctrl-C or SIGTERM; the terminal is left as it was.

The looks are a thread's: where Postgres does not answer, a key still does.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import tzinfo
from queue import SimpleQueue
from select import select
from threading import Event, Thread

from rich.console import Console
from rich.live import Live

from worker.cli.top.view import Seen, View
from worker.errors import Unavailable
from worker.reporting.now import BalanceShown, Now

Look = Callable[[], tuple[Now, BalanceShown | None]]

BLINK = 0.2  # seconds after which what is new is shown, and a signal is heard
PATIENCE = 5.0  # seconds that a look may take
SILENT = f"Postgres: no answer came within {PATIENCE:.0f} s: waiting for it"
ENDS = set(b"qQ")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(seen: Seen, look: Look, zone: tzinfo, shown: Console, every: float) -> None:
    """Show this, and what each look finds, until it is ended. Raises what a look raised, where that is a bug."""
    found: SimpleQueue[Seen | Exception] = SimpleQueue()
    with _told_to_end() as ended, _keys() as pressed, Live(console=shown, screen=True, auto_refresh=False) as live:
        Thread(target=_look_on, args=(look, every, found, ended), daemon=True).start()
        drawn, heard = None, time.monotonic()
        while not ended.is_set():
            if not found.empty():
                seen, heard = _newest(seen, found), time.monotonic()
            elif time.monotonic() - heard > every + PATIENCE:
                seen = replace(seen, away=SILENT)
            if drawn != (drawn := (seen, shown.size)):
                live.update(View(seen, zone, shown.height), refresh=True)
            if ENDS & set(pressed(BLINK)):
                ended.set()


def _look_on(look: Look, every: float, found: SimpleQueue[Seen | Exception], ended: Event) -> None:
    while not ended.wait(every):
        try:
            found.put(Seen(*look()))
        except Exception as error:  # noqa: BLE001 — who draws raises it, or shows it
            found.put(error)


def _newest(seen: Seen, found: SimpleQueue[Seen | Exception]) -> Seen:
    """The last figures stay while Postgres is away."""
    while not found.empty():
        match found.get():
            case Seen() as news:
                seen = news
            case Unavailable() as error:
                seen = replace(seen, away=" ".join(str(error).split()))
            case error:
                raise error
    return seen


@contextmanager
def _told_to_end() -> Iterator[Event]:
    ended = Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in ENDING}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _keys() -> Iterator[Callable[[float], bytes]]:
    """Hears what is pressed within so many seconds, at once and unseen; nothing where standard input is no terminal."""
    if not sys.stdin.isatty():
        yield _nothing
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    _without_suspending(terminal)
    try:
        yield lambda seconds: _pressed(terminal, seconds)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _without_suspending(terminal: int) -> None:
    """Ctrl-Z would leave the shell with a screen that is not its own."""
    made = termios.tcgetattr(terminal)
    made[6][termios.VSUSP] = os.fpathconf(terminal, "PC_VDISABLE").to_bytes(1, "little")
    termios.tcsetattr(terminal, termios.TCSANOW, made)


def _pressed(terminal: int, seconds: float) -> bytes:
    ready, _, _ = select([terminal], [], [], seconds)
    return os.read(terminal, 1024) if ready else b""


def _nothing(seconds: float) -> bytes:
    time.sleep(seconds)
    return b""
