"""Upgrade while sending: the former release's workers send on through the new release's migration, beside a report.

    python -m tests.upgrade [--stored 1000000] [--waiting 30000] [--reader 15] [--kills 3 20]

Stored messages of the former release, some waiting, its producer at work, and a reader with an open transaction; then
`migrate` of this release, this release's workers beside the former's, and then alone. Exit code 1 where sending or
enqueueing stood still for more than three seconds, or a message is lost, doubled or held.
"""

from __future__ import annotations

import argparse
import sys

from tests.upgrade.journey import Sizes, travel


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=1_000_000, help="messages that are over")
    parser.add_argument("--waiting", type=int, default=30_000, help="messages that wait to be sent")
    parser.add_argument("--reader", type=float, default=15.0, help="seconds for which a report's transaction is open")
    parser.add_argument("--kills", type=int, nargs="*", default=(), help="commits of migrate before which it is killed")
    given = parser.parse_args()
    outcome = travel(Sizes(given.stored, given.waiting, given.reader, given.kills))
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.broken else 0


sys.exit(main())
