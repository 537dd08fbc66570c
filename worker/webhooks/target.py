"""Where a webhook is: its URL taken apart, and the address that its name stands for, which must be a public one.

Whoever makes a webhook would otherwise have our machine call what only our machine can reach. A name may stand for
another address each time that it is asked for, so the one that was looked at is the one that is connected to.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from worker.errors import Unusable

URL_MOST = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart. path: with its query."""

    host: str
    port: int
    tls: bool
    path: str


class Unreachable(Exception):
    """Its name stands for nothing that may be called; str() says why."""


def target_of(url: str, *, private: bool) -> Target:
    """private: addresses of the private network are allowed, and http. Raises Unusable."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise Unusable("is no address", "give one like https://shop.example/esms") from None
    if parts.scheme not in ("https", "http") or not host or len(url) > URL_MOST or not url.isascii() or " " in url:
        raise Unusable("is no address", "give one like https://shop.example/esms")
    if parts.scheme == "http" and not private:
        raise Unusable("is not https", "give one with https://, or set WORKER_WEBHOOKS_PRIVATE=1")
    if parts.username or parts.password or parts.fragment:
        raise Unusable("holds a user, a password or a #", "leave it out: calls are signed")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port or (443 if tls else 80), tls, path)


def address_of(target: Target, *, private: bool) -> str:
    """The address to connect to. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name was not found (DNS)") from None
    for *_, place in found:
        if private or _is_public(str(place[0])):
            return str(place[0])
    raise Unreachable(
        "it stands for an address of a private network: give a public one, or set WORKER_WEBHOOKS_PRIVATE=1"
    )


def _is_public(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and (inner := ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]):
        ip = inner
    return ip.is_global and not ip.is_multicast
