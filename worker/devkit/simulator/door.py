"""Who may come in: no web page of somebody else's, and to the books and knobs only who has the token.

A page in a browser on this machine can send requests here, too: under a name of its own that it lets point to
127.0.0.1, or from afar without reading the answer. The first has the wrong Host, the second is told by the browser.
"""

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from worker.devkit.simulator.wire import HttpAnswer, Request, json_answer

CONTROL = "/_sim/"
OPEN = "/_sim/ready"  # for whoever waits until it listens
LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::", "")


class Door:
    """host: what the server listens on; others: more names that it is called by, as a container's."""

    def __init__(self, host: str, others: Iterable[str], token: str) -> None:
        self._names = {*LOOPBACK, host.lower(), *(name.lower() for name in others)}
        self._any_address = host in EVERYWHERE
        self._authorization = f"Bearer {token}".encode()

    def refusal(self, request: Request) -> HttpAnswer | None:
        """Why this request gets nothing; None where it may come in."""
        name = _name(request.headers.get("host"))
        if name is not None and not self._knows(name):
            return _refused(403, f"Host {name!r} is not one of ours; start with --allow-host NAME if it should be")
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refused(403, "a page of another site may not ask here")
        return self._control_refusal(request) if request.path.startswith(CONTROL) else None

    def _knows(self, name: str) -> bool:
        return name in self._names or (self._any_address and _is_address(name))

    def _control_refusal(self, request: Request) -> HttpAnswer | None:
        given = request.headers.get("authorization", "").encode("latin-1")
        if request.path != OPEN and not hmac.compare_digest(given, self._authorization):
            return _refused(401, "send Authorization: Bearer TOKEN; the token is what SIMULATOR_TOKEN says")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            return _refused(415, "send Content-Type: application/json")
        return None


def _name(host: str | None) -> str | None:
    """The host without its port; None where none was given, which no browser does."""
    if host is None:
        return None
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _refused(status: int, problem: str) -> HttpAnswer:
    return json_answer({"error": problem}, status)
