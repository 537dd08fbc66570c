"""Names in addresses: whatever somebody called a campaign or a rule, as one segment of a path that says nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from worker.errors import NotFound

BETWEEN = "\x1f"  # no name has it: it can't be printed


def key_of(*names: str) -> str:
    """These names as one segment of an address."""
    return urlsafe_b64encode(BETWEEN.join(names).encode()).decode().rstrip("=")


def name_of(key: str) -> str:
    """The one name that it is of. Raises NotFound."""
    [name] = names_of(key, 1)
    return name


def names_of(key: str, count: int) -> list[str]:
    """All of them, in their order. Raises NotFound."""
    try:
        names = urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode().split(BETWEEN)
    except ValueError:
        names = []
    if len(names) != count:
        raise NotFound("no name has this address")
    return names
