"""Passwords: stored as argon2 makes them, slow to guess; needs the extra `http`."""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from worker.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 10, 200  # characters
_at_once = BoundedSemaphore(2)  # each takes 64 MB and a core for some 50 ms: strangers must not take them all


def checked(password: str, name: str) -> str:
    """A password that may be set for this user. Raises Invalid, which does not show it."""
    if not LEAST <= len(password) <= MOST:
        raise Invalid("password", f"has {len(password)} characters", f"choose one of {LEAST} to {MOST}")
    if name.casefold() in password.casefold():
        raise Invalid("password", "holds the user's name", "choose one without it")
    return password


def made() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(12)


def hash_of(password: str) -> str:
    """What is stored of it."""
    with _at_once:
        return _hasher().hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Is it this one? It takes as long where nothing is stored: how long it takes tells nobody who is known here."""
    from argon2.exceptions import VerificationError

    with _at_once:
        try:
            return _hasher().verify(stored or _nobodys(), password[: MOST + 1]) and stored is not None
        except VerificationError:
            return False


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError:
        raise Unavailable("argon2", "is not installed", "pip install 'esms-worker[http]'") from None
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash(made())
