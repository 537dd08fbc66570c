"""How many requests a second one core's provider answers, so that it doesn't rule the other benchmarks.

Both are asked: the lean stand-in that the benchmarks use, and the simulator, which plays a whole eSMS. The client is a
bare socket protocol in this process; a provider's cost is read from the kernel, so that it is the same whoever shares
the machine: CPU microseconds for one request, and what one core would then answer.

    python -m benchmarks.provider_rate [--seconds 5] [--connections 400] [--latency 0.05] [--json FILE]
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks import provider, results
from benchmarks.support import console
from worker.devkit import simulator

_TEXT = "Chuc+mung+sinh+nhat+chi+Lan%2C+uu+dai+20%25+hom+nay"
_HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: python-requests/2.34\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\nConnection: keep-alive\r\n\r\n"
)


@dataclass(frozen=True)
class Measured:
    """What one provider can do."""

    rate: float  # requests a second, the client and it on this machine
    cost: float  # microseconds of its CPU for one request
    kept: float  # bytes for one message


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, question: Callable[[], bytes], answered: Callable[[], None]) -> None:
        self._question = question
        self._answered = answered
        self._transport: Any = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._question())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.endswith(b"}"):
            assert b'"CodeResult":"100"' in self._buffer, self._buffer
            self._buffer = b""
            self._answered()
            self._transport.write(self._question())


class Load:
    """Numbers of its own for every request, none of which picks a plot."""

    def __init__(self) -> None:
        self.answered = 0
        self._asked = 0

    def question(self) -> bytes:
        self._asked += 1
        target = (
            f"/MainService.svc/json/SendMultipleMessage_V4_get?Phone=09{self._asked:08}&Content={_TEXT}"
            f"&ApiKey=simulator-key&SecretKey=simulator-secret&SmsType=4&RequestId=9f3c1b7e-{self._asked:012}"
        )
        return f"GET {target} HTTP/1.1\r\n{_HEADERS}".encode()

    def count(self) -> None:
        self.answered += 1


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def measure(pid: int, address: tuple[str, int], connections: int, seconds: float) -> Measured:
    """One provider, asked over so many connections for so long."""
    loop, load, before = asyncio.get_running_loop(), Load(), memory_mb(pid)
    for _ in range(connections):
        await loop.create_connection(lambda: Client(load.question, load.count), *address)
    started, cpu, answered = time.perf_counter(), cpu_seconds(pid), load.answered
    await asyncio.sleep(seconds)
    elapsed, cpu, answered = time.perf_counter() - started, cpu_seconds(pid) - cpu, load.answered - answered
    kept = (memory_mb(pid) - before) * 1e6 / load.answered
    return Measured(answered / elapsed, cpu / answered * 1e6, kept)


def both(connections: int, seconds: float, latency: float) -> dict[str, Measured]:
    """One after the other."""
    with tempfile.TemporaryDirectory(prefix="esms-bench-") as folder, provider.start(Path(folder), latency) as lean:
        assert lean.child.pid is not None
        stand_in = asyncio.run(measure(lean.child.pid, lean.address, connections, seconds))
    with simulator.start(latency=latency, magic_numbers=False) as whole:
        simulated = asyncio.run(measure(whole.process.pid, whole.address, connections, seconds))
    return {"the stand-in of the benchmarks": stand_in, "the simulated eSMS": simulated}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--latency", type=float, default=0.05)
    results.add_argument(parser)
    arguments = parser.parse_args()
    found = both(arguments.connections, arguments.seconds, arguments.latency)
    table = Table("provider", "requests/s here", "µs of its CPU for one", "a core answers", "bytes kept for one")
    for name, each in found.items():
        table.add_row(name, f"{each.rate:,.0f}", f"{each.cost:.0f}", f"{1e6 / each.cost:,.0f}/s", f"{each.kept:,.0f}")
    console.print(table)
    results.save(arguments.json, "provider_rate", {name: asdict(each) for name, each in found.items()})


if __name__ == "__main__":
    main()
