"""Word back: applications are called with what happened, signed, each webhook at its own pace.

target: where it is, no place within our network ─ post: one call ─ line: one webhook's calls ─ caller: all of them
"""

from worker.webhooks.caller import Caller
from worker.webhooks.target import Target, target_of

__all__ = ["Caller", "Target", "target_of"]
