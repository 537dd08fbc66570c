"""Who acts, by which door and from where: set where a person comes in, read where the ledger writes what was done."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from getpass import getuser


class Via(StrEnum):
    """The door that somebody came by."""

    PAGE = "page"
    COMMAND = "command line"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who changes something. place: an address, or a machine's name; None: not known."""

    name: str
    via: Via
    place: str | None = None


# A program of somebody else's that uses Notifier acts as nobody: what it does is in its own log.
_now: ContextVar[Actor | None] = ContextVar("actor", default=None)


def actor_now() -> Actor | None:
    """Who acts in this request or command; threads that are started by hand have to be told (`acting`)."""
    return _now.get()


def become(actor: Actor) -> None:
    """Let this actor be who acts, until this request or command ends."""
    _now.set(actor)


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Within this block it is they who act."""
    before = _now.set(actor)
    try:
        yield
    finally:
        _now.reset(before)


def at_the_terminal() -> Actor:
    """The actor who gives this command at a terminal."""
    try:
        name = getuser()
    except (KeyError, OSError):  # a container's number without a name
        name = "unknown"
    return Actor(name, Via.COMMAND, socket.gethostname())
