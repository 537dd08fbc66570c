"""The ledger's sends in a file, one JSON line each, so that what was taken still settles after a restart.

A line that a kill cut off is the last one, and is left out. Knobs, the balance and what was merely asked are not kept.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.devkit.simulator.ledger import Send
from worker.devkit.simulator.plots import DELIVERED, PLOTS, Fate

_SHARED: dict[tuple[Fate, ...], tuple[Fate, ...]] = {(fate,): (fate,) for fate in Fate}
_PLAIN = ("function", "phones", "content", "request_id", "sms_type", "at", "due", "sandbox", "sms_id", "refused")


class Books:
    """Raises OSError where the file can't be used. It holds numbers and texts: only its owner may read it."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)  # it may have been there
        self._file = os.fdopen(descriptor, "a+b", buffering=0)

    def note(self, send: Send) -> None:
        self._file.write(json.dumps(_shown(send)).encode() + b"\n")

    def sends(self) -> Iterator[Send]:
        """What was noted, in order."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                self._file.truncate(whole)  # else the next send would be written behind the half one
                return
            whole += len(line)
            yield _read(json.loads(line))

    def forget(self) -> None:
        self._file.truncate(0)


def _shown(send: Send) -> dict[str, Any]:
    # A plot made for one code has no name; once taken it goes on as any other.
    plot = next((name for name, plot in PLOTS.items() if plot is send.plot), "delivered")
    return {name: getattr(send, name) for name in _PLAIN} | {"plot": plot, "fates": [each.name for each in send.fates]}


def _read(told: dict[str, Any]) -> Send:
    send = Send(*(told[name] for name in ("function", "phones", "content", "request_id", "sms_type", "at")))
    for name in ("due", "sandbox", "sms_id", "refused"):
        setattr(send, name, told[name])
    send.plot = PLOTS.get(told["plot"], DELIVERED)
    fates = tuple(Fate[name] for name in told["fates"])
    send.fates = _SHARED.get(fates, fates)
    return send
