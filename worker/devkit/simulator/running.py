"""The simulator from inside a test: start it as a process, turn its knobs, read its ledger.

with simulator.start(latency=0) as esms:
    esms.set(rates={"lost_answer": 0.05})
    ...
    assert esms.ledger().twice() == {}
"""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from worker.devkit.simulator.knobs import KnobError, Knobs

_ROOT = Path(__file__).parents[3]
_PATIENCE = 30.0  # seconds for a control request, and for the process to end
_PAUSE = 0.01  # seconds
_READY = "eSMS simulator listening on "
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was taken: the messages that real recipients would have got, whatever the answers were.

    `sms` by (number in local form, text), `calls` by number, `taken` and `requests` by RequestId.
    """

    run: str
    sms: dict[tuple[str, str], int]
    calls: dict[str, int]
    taken: dict[str, int]
    requests: dict[str, int]

    def twice(self) -> dict[str | tuple[str, str], int]:
        """Everything that somebody got more than once; empty where all is well."""
        sms: dict[str | tuple[str, str], int] = {key: count for key, count in self.sms.items() if count > 1}
        calls: dict[str | tuple[str, str], int] = {phone: count for phone, count in self.calls.items() if count > 1}
        return sms | calls


class Running:
    """A simulator process. `url` is its root; `rest_url` and `voice_url` are what a client takes for its two bases.

    `token` opens what is under `/_sim/`.
    """

    def __init__(self, process: "subprocess.Popen[str]", url: str, token: str) -> None:
        self.process = process
        self.url = url
        self.token = token
        self.rest_url = self.voice_url = f"{url}/MainService.svc"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for who opens a socket himself."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def ledger(self) -> Ledger:
        """Everything that was taken, by recipient and by RequestId."""
        told = self._control("ledger")
        return Ledger(
            run=told["run"],
            sms={(row["phone"], row["text"]): row["taken"] for row in told["sms"]},
            calls={row["phone"]: row["taken"] for row in told["calls"]},
            taken={request_id: row["taken"] for request_id, row in told["request_ids"].items()},
            requests={request_id: row["requests"] for request_id, row in told["request_ids"].items()},
        )

    def stats(self) -> dict[str, Any]:
        """Totals: requests by function, answers by code, messages taken, the most that any recipient got."""
        return self._control("ledger/stats")

    def until(self, holds: Callable[[dict[str, Any]], bool], patience: float = _PATIENCE) -> dict[str, Any]:
        """Wait until the stats are so, and give them: `until(lambda stats: stats["taken"]["sms"] >= 10)`.

        Raises TimeoutError after `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while not holds(stats := self.stats()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not so within {patience:g} s; the stats are now {stats}")
            time.sleep(_PAUSE)
        return stats

    def sends(self, page: int = 10_000) -> list[dict[str, Any]]:
        """Every send that was taken (or refused with an id: `refused`), in order, with its present SendStatus."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            told = self._control(f"ledger?full=1&after={after}&limit={page}")
            found += told["sends"]
            after = told["next"]
        return found

    def set(self, **knobs: Any) -> dict[str, Any]:
        """Turn these knobs, all or none, and give back how all of them stand. Raises KnobError."""
        return self._control("set", knobs)

    def reset(self, *, keep_knobs: bool = False) -> None:
        """Forget everything that was sent, and put the knobs where they stood at the start."""
        self._control("reset", {"keep_knobs": keep_knobs})

    def stop(self) -> int:
        """End the process, wait for it, and give its exit code. Stopping twice does no harm."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            if self.process.stdout:
                self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _control(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data, headers)  # noqa: S310  (our own http)
        try:
            with _OPENER.open(request, timeout=_PATIENCE) as response:
                told: dict[str, Any] = json.load(response)
                return told
        except urllib.error.HTTPError as error:
            with error:
                raise KnobError(json.load(error)["error"]) from None


def start(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str = "simulator-key",
    secret_key: str = "simulator-secret",  # noqa: S107  (the simulator's, and no secret)
    with_parent: bool = True,
    **knobs: Any,
) -> Running:
    """Start a simulator process and wait until it listens. Any knob can be given, as `latency=0`.

    A reset comes back to these knobs. Raises KnobError for a wrong one, and RuntimeError where the process can't start;
    what it says is on stderr.
    """
    Knobs().set(knobs)
    command = [sys.executable, "-m", "worker.devkit.simulator", "--host", host, "--port", str(port)]
    command += ["--set", json.dumps(knobs), *(["--with-parent", str(os.getpid())] if with_parent else [])]
    token = secrets.token_urlsafe()
    environment = _environment(api_key, secret_key, token)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    return Running(process, _url_of(process), token)


def _environment(api_key: str, secret_key: str, token: str) -> dict[str, str]:
    """Keys travel here: a process list shows arguments to everybody."""
    paths = filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))
    keys = {"SIMULATOR_API_KEY": api_key, "SIMULATOR_SECRET_KEY": secret_key, "SIMULATOR_TOKEN": token}
    return os.environ | keys | {"PYTHONPATH": os.pathsep.join(paths)}


def _url_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.startswith(_READY):
        return line.removeprefix(_READY).strip()
    process.stdout.close()
    process.kill()
    raise RuntimeError(f"the simulator did not start: exit code {process.wait()}, its reason stands on stderr")
