"""How a test reads the ledger and turns the knobs while the simulator runs: JSON under `/_sim/`.

These answers wait for no latency and no plot touches them.
"""

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from worker.devkit.simulator.asking import status_of
from worker.devkit.simulator.knobs import KnobError, Knobs
from worker.devkit.simulator.ledger import Send
from worker.devkit.simulator.plots import PLOTS, RECIPIENTS
from worker.devkit.simulator.provider import Provider
from worker.devkit.simulator.wire import HttpAnswer, Request, json_answer

_ALL = 2**62


class _Unreadable(ValueError):
    """One line for the one who asked."""


class Control:
    """`fresh` makes the knobs of the start, for a reset; `connections` says how many are open."""

    def __init__(self, provider: Provider, fresh: Callable[[], Knobs], connections: Callable[[], int]) -> None:
        self._provider = provider
        self._fresh = fresh
        self._connections = connections
        self._routes: dict[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "/_sim/ready"): lambda _: {"ready": True, "run": provider.ledger.run},
            ("GET", "/_sim/ledger"): self._ledger,
            ("GET", "/_sim/ledger/stats"): self._stats,
            ("GET", "/_sim/knobs"): lambda _: provider.knobs.shown(),
            ("GET", "/_sim/plots"): lambda _: _plots(),
            ("POST", "/_sim/set"): self._set,
            ("POST", "/_sim/reset"): self._reset,
        }

    def answer(self, request: Request) -> HttpAnswer:
        route = self._routes.get((request.method, request.path))
        if route is None:
            known = ", ".join(f"{method} {path}" for method, path in self._routes)
            return json_answer({"error": f"no such control; there are: {known}"}, 404)
        try:
            return json_answer(route(request))
        except (KnobError, _Unreadable) as error:
            return json_answer({"error": str(error)}, 400)

    def _ledger(self, request: Request) -> object:
        after, limit = _page(request, "after", 0), _page(request, "limit", _ALL)
        if request.params.get("full") == "1":
            return self._sends(after, limit)
        lists = self._counts(_page(request, "at_least", 0))
        more = any(len(rows) > after + limit for rows in lists.values())
        shown: dict[str, Any] = {name: rows[after : after + limit] for name, rows in lists.items()}
        shown["request_ids"] = {row.pop("request_id"): row for row in shown["request_ids"]}
        return {"run": self._provider.ledger.run, **shown, "next": after + limit if more else None}

    def _counts(self, at_least: int) -> dict[str, list[dict[str, Any]]]:
        """One list by RequestId, one by number and text, one by number called: who got at least so much."""
        tally, asked = self._provider.ledger.tally(), self._provider.ledger.asked_by_request_id()
        requests = ((name, count, tally.request_ids[name]) for name, count in asked.items())
        return {
            "request_ids": [
                {"request_id": name, "requests": count, "taken": taken}
                for name, count, taken in requests
                if taken >= at_least
            ],
            "sms": [
                {"phone": phone, "text": text, "taken": taken}
                for (phone, text), taken in tally.sms.items()
                if taken >= at_least
            ],
            "calls": [{"phone": phone, "taken": taken} for phone, taken in tally.calls.items() if taken >= at_least],
        }

    def _sends(self, after: int, limit: int) -> object:
        sends = self._provider.ledger.sends
        shown = [self._shown(send) for send in islice(sends, after, after + limit)]
        return {
            "run": self._provider.ledger.run,
            "sends": shown,
            "next": after + limit if after + limit < len(sends) else None,
        }

    def _shown(self, send: Send) -> dict[str, Any]:
        return send.shown() | {"status": status_of(self._provider.scene, send)}

    def _stats(self, _request: Request) -> object:
        knobs = self._provider.knobs
        return self._provider.ledger.stats() | {"balance": knobs.balance, "connections": self._connections()}

    def _set(self, request: Request) -> object:
        self._provider.knobs.set(_object(request.body))
        return self._provider.knobs.shown()

    def _reset(self, request: Request) -> object:
        keep = _object(request.body or b"{}").get("keep_knobs") is True
        self._provider.reset(self._provider.knobs if keep else self._fresh())
        return {"run": self._provider.ledger.run}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _Unreadable('the body is not a JSON object; send one, as {"latency": 0}')
    return value


def _page(request: Request, name: str, start: int) -> int:
    text = request.params.get(name, "")
    if text and not (text.isascii() and text.isdigit()):
        raise _Unreadable(f"{name}: must be a whole number, not below 0")
    return int(text) if text else start


def _plots() -> object:
    return {
        "recipients": RECIPIENTS,
        "plots": {name: {"meaning": plot.meaning, "taken": plot.taken} for name, plot in PLOTS.items()},
    }
