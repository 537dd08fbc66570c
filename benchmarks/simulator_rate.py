"""How many requests a second the simulator answers on one core, so that it doesn't rule the other benchmarks.

The client is a bare socket protocol in this process; the simulator's cost is read from the kernel, so that it is the
same whoever shares the machine: CPU microseconds of the simulator for one request, and what one core would then answer.

    python benchmarks/simulator_rate.py [--seconds 5] [--connections 400] [--latency 0.05]
"""

import argparse
import asyncio
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from worker.devkit import simulator

_TEXT = "Chuc+mung+sinh+nhat+chi+Lan%2C+uu+dai+20%25+hom+nay"
_HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: python-requests/2.34\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\nConnection: keep-alive\r\n\r\n"
)


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


async def measure(esms: simulator.Running, connections: int, seconds: float) -> None:
    loop, load, pid = asyncio.get_running_loop(), Load(), esms.process.pid
    before = memory_mb(pid)
    for _ in range(connections):
        await loop.create_connection(lambda: Client(load.question, load.count), *esms.address)
    started, cpu, answered = time.perf_counter(), cpu_seconds(pid), load.answered
    await asyncio.sleep(seconds)
    elapsed, cpu, answered = time.perf_counter() - started, cpu_seconds(pid) - cpu, load.answered - answered
    each = cpu / answered
    print(f"{answered / elapsed:,.0f} requests/s over {connections} connections, client and simulator on this machine")
    print(f"{each * 1e6:.0f} µs of CPU in the simulator for one request: one core answers {1 / each:,.0f} requests/s")
    print(f"{(memory_mb(pid) - before) * 1e6 / load.answered:,.0f} bytes kept for one message")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--latency", type=float, default=0.05)
    arguments = parser.parse_args()
    with simulator.start(latency=arguments.latency, magic_numbers=False) as esms:
        asyncio.run(measure(esms, arguments.connections, arguments.seconds))


if __name__ == "__main__":
    main()
