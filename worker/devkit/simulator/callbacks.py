"""The CallbackUrl of a send: once the send has ended, its outcome is told there by a GET, off the request's own path.

Bounded in every way: so many calls wait at most, a few run at once, each a few seconds and up to five tries (again only
after a time-out, as the published pages have it). A redirect is not followed. Where SendStatus
never ends, nobody calls.
"""

import asyncio
import contextlib
import http.client
import queue
import threading
from urllib.parse import urlencode, urlsplit

from worker.devkit.simulator.asking import ENDED, FINISHED, status_of
from worker.devkit.simulator.ledger import Send
from worker.devkit.simulator.plots import SMS
from worker.devkit.simulator.scene import Scene

MOST_WAITING = 10_000  # more are left out
TRIES = 5
_PATIENCE = 5.0  # seconds, for each try
_MARGIN = 0.01  # seconds after the last change of status

_CALLERS = 4

_calls: queue.Queue[tuple[str, str]] = queue.Queue(MOST_WAITING)
_waiting: set[asyncio.TimerHandle] = set()
_callers: list[threading.Thread] = []


def plan(scene: Scene, send: Send, url: str) -> None:
    """Call when the send has ended by the present pace. A URL that can't be called is noted as a mistake."""
    if not _callable(url):
        scene.ledger.mistake("CallbackUrl is not an http or https address")
        return
    if len(_waiting) >= MOST_WAITING:
        return
    delay = max(send.due - scene.now(), 0) + 3 * scene.knobs.pace + _MARGIN
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle = loop.call_later(delay, lambda: _due(scene, send, url, handle))
    _waiting.add(handle)


def _callable(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:  # as for "http://["
        return False


def forget() -> None:
    """A reset: what has not been called yet never is."""
    for handle in _waiting:
        handle.cancel()
    _waiting.clear()


def _due(scene: Scene, send: Send, url: str, handle: asyncio.TimerHandle) -> None:
    _waiting.discard(handle)
    status = status_of(scene, send)
    if status in ENDED:
        members = _sms(scene, send, status) if send.function == SMS else _call(scene, send, status)
        _start_callers()
        with contextlib.suppress(queue.Full):
            _calls.put_nowait((url, urlencode(members)))


def _sms(scene: Scene, send: Send, status: int) -> dict[str, object]:
    total = len(send.numbers)
    arrived = sum(send.fate(position).arrives for position in range(total))
    members: dict[str, object] = {"SMSID": send.sms_id, "SendFailed": total - arrived, "SendStatus": status}
    members |= {"SendSuccess": arrived, "TotalPrice": scene.knobs.sms_price * total, "TotalReceiver": total}
    # RequestId is empty in the published samples.
    members |= {"TotalSent": total, "RequestId": "", "TypeId": send.sms_type}
    return members | ({"phonenumber": send.phones} if total == 1 else {})


def _call(scene: Scene, send: Send, status: int) -> dict[str, object]:
    answered = status == FINISHED and send.fate(0).arrives
    members: dict[str, object] = {"ReferenceId": send.sms_id, "CallDuration": 13 if answered else 0}
    members |= {"CallStatus": "ANSWERED" if answered else "NO ANSWER", "Ivr": "", "Price": scene.knobs.call_price}
    return members | {"SentResult": int(answered), "CID": "", "SendStatus": status}


def _start_callers() -> None:
    # Daemons: a callback that hangs must not hold up the end of the process, as the threads of a pool would.
    while len(_callers) < _CALLERS:
        _callers.append(threading.Thread(target=_call_on, name="callback", daemon=True))
        _callers[-1].start()


def _call_on() -> None:
    while True:
        url, query = _calls.get()
        for _ in range(TRIES):
            try:
                _get(url, query)
            except TimeoutError:
                continue
            except (OSError, http.client.HTTPException, ValueError):
                pass
            break


def _get(url: str, query: str) -> None:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = f"{parts.path or '/'}?{parts.query + '&' if parts.query else ''}{query}"
    with contextlib.closing(kind(parts.hostname or "", parts.port, timeout=_PATIENCE)) as connection:
        connection.request("GET", target)
        connection.getresponse()
