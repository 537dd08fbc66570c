"""The only writer of status; every statement names where a message may come from, and says which ones it won.

put ─▶ claim ─▶ intend (calls) ─▶ record ─▶ claim_polls ─▶ settle       upkeep: rescue, expire, hold, give up
                                                                        persons: cancel, retry, resolve
"""

from worker.ledger.claims import Claim, Fence, claim, claim_doubtful, hand_back, intend
from worker.ledger.pauses import Paused, due_probes, lift, pause, paused, probed
from worker.ledger.persons import cancel, resolve, retry
from worker.ledger.polls import Poll, Settlement, claim_polls, postpone, settle
from worker.ledger.puts import Stored, put
from worker.ledger.records import Evidence, Outcome, record, witness
from worker.ledger.upkeep import beat, expire, give_up, hold, rescue

__all__ = [
    "Claim",
    "Evidence",
    "Fence",
    "Outcome",
    "Paused",
    "Poll",
    "Settlement",
    "Stored",
    "beat",
    "cancel",
    "claim",
    "claim_doubtful",
    "claim_polls",
    "due_probes",
    "expire",
    "give_up",
    "hand_back",
    "hold",
    "intend",
    "lift",
    "pause",
    "paused",
    "postpone",
    "probed",
    "put",
    "record",
    "rescue",
    "resolve",
    "retry",
    "settle",
    "witness",
]
