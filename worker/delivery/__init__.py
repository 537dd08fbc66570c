"""Claim what is due, send it side by side, record what happened.

No transaction is open while we wait for the provider.
"""

from worker.delivery.bell_watch import BellWatch
from worker.delivery.breaker import Breaker
from worker.delivery.drain import Drain, gate
from worker.delivery.giving_way import GivingWay
from worker.delivery.lines import windows
from worker.delivery.listening import Listening

__all__ = ["BellWatch", "Breaker", "Drain", "GivingWay", "Listening", "gate", "windows"]
