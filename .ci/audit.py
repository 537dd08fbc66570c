"""Ask whether a hole is known in what constraints.txt pins: PYTHON .ci/audit.py STAMP, once a day.

Exit code 1 where there is one. Where no index answers, that is said, and nothing is wrong.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DAY = 24 * 3600  # seconds
ASK = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--timeout", "5"]


def main(stamp: Path) -> int:
    pins = ROOT / "constraints.txt"
    if stamp.exists() and stamp.stat().st_mtime > max(time.time() - DAY, pins.stat().st_mtime):
        return 0
    ask = [sys.executable, "-m", "pip_audit", *ASK, "--requirement", str(pins)]
    asked = subprocess.run(ask, capture_output=True, text=True, check=False)
    told = _told(asked.stdout)
    answered = [each for each in told if "skip_reason" not in each]
    if not answered:
        print("Not audited: no index that knows of holes answers")
    holes = [(each["name"], each["version"], hole["id"]) for each in answered for hole in each["vulns"]]
    for name, version, hole in holes:
        print(f"{name} {version} has a known hole: {hole}")
    if not holes:
        stamp.touch()
    return bool(holes)


def _told(text: str) -> list[dict]:
    try:
        return json.loads(text)["dependencies"]
    except (ValueError, KeyError):
        return []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
