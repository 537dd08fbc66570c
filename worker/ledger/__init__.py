"""The only writer of status; every statement names where a message may come from, and says which ones it won.

put ─▶ claim ─▶ intend (calls) ─▶ record ─▶ claim_polls ─▶ settle       upkeep: rescue, expire, hold, give up
                                                                        persons: cancel, move, retry, resolve

settlements (by triggers) ─▶ fold, into the sums of each day        fill: what was there before there were settlements

contacts: upsert, born_on, remove       opt_out: who wants nothing       templates: texts by name and version
rules, events: what reminds             occurrences: what was made of them, for whom, once
"""

from worker.ledger.brandnames import ask_for_brandnames, known_brandnames, replace_brandnames
from worker.ledger.campaigns import lift_campaign, pause_campaign, through
from worker.ledger.claims import Claim, Fence, claim, claim_doubtful, claim_trial, hand_back, intend
from worker.ledger.decisions import Horizons, cancel, late, move, past_expiry, resolve, retry
from worker.ledger.filling import fill
from worker.ledger.floors import Floors
from worker.ledger.inserts import First, Put, Stored, Terms, put
from worker.ledger.pauses import Paused, allow_trial, due_probes, lift, pause, paused, probed
from worker.ledger.polls import Poll, Settlement, ask_later, ask_now, claim_polls, put_back, settle
from worker.ledger.reconcile import Known, Look, Lost, claim_lost, known_to, looked
from worker.ledger.records import HttpCall, Outcome, postpone, record, witness
from worker.ledger.refused_tasks import count_refused, forget_refused
from worker.ledger.roll_up import begin_anew, fold
from worker.ledger.streams import find_missed_streams, tidy_streams
from worker.ledger.tokens import (
    TokenRow,
    add_token,
    current_token,
    end_others,
    find_token,
    note_refused,
    refused_tokens,
    revoke_tokens,
    tokens,
)
from worker.ledger.troubles import note_troubles
from worker.ledger.upkeep import MOST, Rescued, beat, expire, give_up, hold_calls, rescue, take_turn

__all__ = [
    "MOST",
    "Claim",
    "Fence",
    "First",
    "Floors",
    "Horizons",
    "HttpCall",
    "Known",
    "Look",
    "Lost",
    "Outcome",
    "Paused",
    "Poll",
    "Put",
    "Rescued",
    "Settlement",
    "Stored",
    "Terms",
    "TokenRow",
    "add_token",
    "allow_trial",
    "ask_for_brandnames",
    "ask_later",
    "ask_now",
    "beat",
    "begin_anew",
    "cancel",
    "claim",
    "claim_doubtful",
    "claim_lost",
    "claim_polls",
    "claim_trial",
    "count_refused",
    "current_token",
    "due_probes",
    "end_others",
    "expire",
    "fill",
    "find_missed_streams",
    "find_token",
    "fold",
    "forget_refused",
    "give_up",
    "hand_back",
    "hold_calls",
    "intend",
    "known_brandnames",
    "known_to",
    "late",
    "lift",
    "lift_campaign",
    "looked",
    "move",
    "note_refused",
    "note_troubles",
    "past_expiry",
    "pause",
    "pause_campaign",
    "paused",
    "postpone",
    "probed",
    "put",
    "put_back",
    "record",
    "refused_tokens",
    "replace_brandnames",
    "rescue",
    "resolve",
    "retry",
    "revoke_tokens",
    "settle",
    "take_turn",
    "through",
    "tidy_streams",
    "tokens",
    "witness",
]
