"""An application on the former release, in a process of its own: one message after the other, and how long each took.

python producer.py STOP_FILE    writes {"sent": …, "slowest": seconds}
"""

import json
import sys
import time
from pathlib import Path

from worker import Notifier, Sms


def main(stop: Path) -> None:
    """Until the file is there."""
    sent, slowest = 0, 0.0
    with Notifier.from_env() as notifier:
        while not stop.exists():
            began = time.monotonic()
            notifier.enqueue(Sms(to="0901000100", content=f"Ma: {sent}", sms_type=7), reference=f"live-{sent}")
            slowest = max(slowest, time.monotonic() - began)
            sent += 1
            time.sleep(0.02)
    sys.stdout.write(json.dumps({"sent": sent, "slowest": slowest}))


main(Path(sys.argv[1]))
