"""What a token is, and what one may do: the words by which a door lets an application in."""

from __future__ import annotations

import secrets
from enum import StrEnum
from hashlib import sha256

PREFIX = "esw_"  # so that a scanner of sources knows a token that was committed by mistake
BYTES = 32


class May(StrEnum):
    """One thing that an application may be let do."""

    ENQUEUE = "enqueue"  # hand over messages
    READ = "read"  # see messages, reports, texts
    DECIDE = "decide"  # cancel, move, retry, pause
    CONTACTS = "contacts"  # people and opt-outs
    REMINDERS = "reminders"  # events and templates
    ACCOUNT = "account"  # the balance at eSMS


def new_token() -> str:
    """A secret that nobody guesses, as an application will send it."""
    return PREFIX + secrets.token_urlsafe(BYTES)


def digest_of(token: str) -> bytes:
    """What is stored of it. The token is random and long: a slow hash would protect nothing more."""
    return sha256(token.encode()).digest()
