"""A code by HTTP beside one by `Notifier`: how much later the provider has it.

All our processes run, and the door; nothing else is due. Codes are handed over in turns, one by the one way and one by
the other, each at a moment of its own. The time counts from before the call until the provider has read the request, by
the machine's monotonic clock, which both share. The connection to the door is kept, as that of `Notifier` to Postgres.

    python -m benchmarks.code_by_http [--codes 200]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from statistics import median

import httpx

from benchmarks.http_door import listening
from benchmarks.lanes import CODES, WARM_UP
from benchmarks.processes import crew
from benchmarks.support import Stage, console, load, stage
from worker import Notifier, Sms, SmsType

MOST = 3.0  # milliseconds by which the median may be later

Way = Callable[[str, str], object]


def measure(on: Stage, ways: dict[str, Way], count: int, first: int) -> dict[str, float]:
    """So many codes by each way: the median of each, in milliseconds."""
    dice, started = random.Random(first), dict[str, dict[str, float]]()
    for place in range(first, first + count):
        for number, (name, way) in enumerate(ways.items()):
            time.sleep(dice.uniform(0.02, 0.06))
            to = f"{CODES}{len(ways) * place + number:07}"
            started.setdefault(name, {})[to] = time.monotonic()
            way(to, f"Ma xac nhan: {place:06}")
    every = {to for codes in started.values() for to in codes}
    on.until(lambda: every <= on.esms.arrivals(CODES).keys(), "all codes at the provider")
    arrived = on.esms.arrivals(CODES)
    return {name: median(arrived[to] - at for to, at in codes.items()) * 1000 for name, codes in started.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--codes", type=int, default=200)
    options = parser.parse_args()
    console.print(load())
    with stage() as on, crew(on, {}), listening(on) as port, Notifier.from_env(on.environ) as notifier:
        token = notifier.tokens.add("bench", source="bench", may=["enqueue"]).token
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

            def by_notifier(to: str, content: str) -> object:
                return notifier.enqueue(Sms(to=to, content=content, sms_type=SmsType.OTP))

            def by_http(to: str, content: str) -> object:
                asked = {"to": to, "content": content, "sms_type": int(SmsType.OTP)}
                return client.post("/v1/messages", json=asked).raise_for_status()

            ways: dict[str, Way] = {"Notifier": by_notifier, "HTTP": by_http}
            measure(on, ways, WARM_UP, 900_000)
            found = measure(on, ways, options.codes, 0)
    later = found["HTTP"] - found["Notifier"]
    for name, milliseconds in found.items():
        console.print(f"by {name}: {milliseconds:.1f} ms (p50 of {options.codes})")
    console.print(f"by HTTP {later:+.1f} ms, wanted {MOST:g} or less")
    return 0 if later <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
