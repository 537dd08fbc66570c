"""The only writer of status; every statement names where a message may come from, and says which ones it won.

put ─▶ claim ─▶ intend (calls) ─▶ record ─▶ claim_polls ─▶ settle       upkeep: rescue, expire, hold, give up
                                                                        persons: cancel, retry, resolve

contacts: upsert, born_on, remove       opt_out: who wants nothing       templates: texts by name and version
"""

from worker.ledger.brandnames import ask_for_brandnames, known_brandnames, replace_brandnames
from worker.ledger.claims import Claim, Fence, claim, claim_doubtful, hand_back, intend
from worker.ledger.lost import Found, Lost, claim_lost, known, look_later, settle_lost
from worker.ledger.pauses import Paused, due_probes, lift, pause, paused, probed
from worker.ledger.persons import cancel, resolve, retry
from worker.ledger.polls import Poll, Settlement, claim_polls, settle
from worker.ledger.puts import Stored, put
from worker.ledger.records import Evidence, Outcome, postpone, record, witness
from worker.ledger.upkeep import MOST, beat, expire, give_up, hold, rescue

__all__ = [
    "MOST",
    "Claim",
    "Evidence",
    "Fence",
    "Found",
    "Lost",
    "Outcome",
    "Paused",
    "Poll",
    "Settlement",
    "Stored",
    "ask_for_brandnames",
    "beat",
    "cancel",
    "claim",
    "claim_doubtful",
    "claim_lost",
    "claim_polls",
    "due_probes",
    "expire",
    "give_up",
    "hand_back",
    "hold",
    "intend",
    "known",
    "known_brandnames",
    "lift",
    "look_later",
    "pause",
    "paused",
    "postpone",
    "probed",
    "put",
    "record",
    "replace_brandnames",
    "rescue",
    "resolve",
    "retry",
    "settle",
    "settle_lost",
    "witness",
]
