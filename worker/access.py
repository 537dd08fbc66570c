"""What a token is, and what who has one may do; what a user of the page may do: the words by which doors let in."""

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
    FORGET = "forget"  # remove all that is stored about a person, for good
    ACCOUNT = "account"  # the balance at eSMS


class UserRole(StrEnum):
    """What a user of the page may do; each may what the one before may."""

    VIEWER = "viewer"  # look, people masked
    OPERATOR = "operator"  # see people, act on messages
    ADMIN = "admin"  # users and their rights

    def covers(self, least: UserRole) -> bool:
        """Is it this one or one that may more?"""
        order = list(UserRole)
        return order.index(self) >= order.index(least)


def new_secret() -> str:
    """A session's secret, as a browser keeps it."""
    return secrets.token_urlsafe(BYTES)


def new_token() -> str:
    """A secret that nobody guesses, as an application will send it."""
    return PREFIX + new_secret()


def digest_of(token: str) -> bytes:
    """What is stored of it. The token is random and long: a slow hash would protect nothing more."""
    return sha256(token.encode()).digest()
