"""Run every benchmark, one after another, each in a process of its own; exit code 1 if one misses its target."""

from __future__ import annotations

import subprocess
import sys
import time

SCRIPTS = ("simulator_rate", "client_call", "rate_limit", "enqueue", "cpu_by_step", "end_to_end", "reminders")


def main() -> int:
    missed = [script for script in SCRIPTS if _run(script) != 0]
    if missed:
        print(f"\nMissed: {', '.join(missed)}")
    return 1 if missed else 0


def _run(script: str) -> int:
    print(f"\n── {script} ──", flush=True)
    started = time.monotonic()
    code = subprocess.run([sys.executable, "-m", f"benchmarks.{script}"], check=False).returncode
    print(f"({time.monotonic() - started:.0f} s)", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
