"""Run the benchmarks one after another, each in a process of its own; exit code 1 if one misses its target.

Not those with a * in docs/speed.md: they need a year of messages, or take long for what they tell.

What they find is kept in `docs/pictures/results.json`; from it the pictures are drawn and `docs/speed.md` is filled in.
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import results

KEPT = ("provider_rate", "end_to_end", "lanes", "claim_cost", "memory", "cpu_by_step", "enqueue")  # drawn and told
PRINTED = (
    "bare_loop",
    "client_call",
    "command_speed",
    "rate_limit",
    "polling",
    "life",
    "contacts",
    "reminders",
    "stale_statistics",
    "hard_day",
    "http_door",
    "history_cost",
    "reports",
    "reruns",
    "webhooks",
)
MADE_OF_THEM = ("draw", "document")


def main() -> int:
    missed = [script for script in KEPT if _run(script, "--json", str(results.HOME)) != 0]
    missed += [script for script in PRINTED if _run(script) != 0]
    missed += [script for script in MADE_OF_THEM if _run(script) != 0]
    if missed:
        print(f"\nMissed: {', '.join(missed)}")
    return 1 if missed else 0


def _run(script: str, *arguments: str) -> int:
    print(f"\n── {script} ──", flush=True)
    started = time.monotonic()
    code = subprocess.run([sys.executable, "-m", f"benchmarks.{script}", *arguments], check=False).returncode
    print(f"({time.monotonic() - started:.0f} s)", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
