"""A number that is kept as a keyed hash: whoever has the key finds it again, nobody reads it off. Pure.

There are so few numbers that an ordinary hash of one is found by trying them all.
"""

from __future__ import annotations

from hashlib import blake2b, sha256

SIGN = "#"  # no number begins with it
KEY_LEAST = 32  # characters


class PrivacyKey:
    """What numbers are hashed with; never shown."""

    __slots__ = ("_key",)

    def __init__(self, text: str) -> None:
        self._key = sha256(text.encode()).digest()

    def hide(self, phone: str) -> str:
        """What stands in the place of this number, E.164: the same each time."""
        return SIGN + blake2b(phone.encode(), key=self._key, digest_size=16).hexdigest()


def known_as(phone: str, key: PrivacyKey | None) -> list[str]:
    """How this number may stand in a row: as it is, and as it is hidden."""
    return [phone, key.hide(phone)] if key else [phone]


def hidden(phone: str, key: PrivacyKey | None) -> str:
    """The same; without a key nothing is left of it. What is hidden already stays as it is."""
    return phone if not is_number(phone) else key.hide(phone) if key else ""


def is_number(phone: str) -> bool:
    """Is it still there?"""
    return phone.startswith("+")
