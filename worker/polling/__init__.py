"""What became of what eSMS accepted: asked by SMSID, or looked for in the sent data where the SMSID was lost."""

from worker.polling.asking import Poller
from worker.polling.reconcile import find_lost

__all__ = ["Poller", "find_lost"]
