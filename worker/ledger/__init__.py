"""The only writer of status; every statement names where a message may come from, and says which ones it won.

put ─▶ claim ─▶ intend (calls) ─▶ record ─▶ claim_polls ─▶ settle       upkeep: rescue, expire, hold, give up
                                                                        persons: cancel, move, retry, resolve

settlements (by triggers) ─▶ fold, into the sums of each day        fill: what was there before there were settlements

What many ask for is named here; for the rest go to its module.

a message's way      inserts, insert_statements · claims, claim_values, claim_statements, streams, floors, pauses
                     limits, reached, gate · records · polls · reconcile · upkeep
what people decide   decisions, cancelling · held · campaigns · sweeps · acts
sent again           failed, asked, likeness, outlook · resending, replacing, reruns · follow_ups
sending rules        law_rules, rule_outlook, rule_uses · opt_out, consents, register · advertised · brandnames
sums, and the log    contributions, roll_up, superseded, filling · log, webhooks
reminders            reminder_rules, events · occurrences · reminder_failures · templates · contacts
what is kept         people · retention · uploads · searches
an installation      inbox, sql_functions, producers · tokens, page_users · prices, balance
                     refused_tasks, troubles, restores
how SQL is written   rows · plans · clock
"""

from worker.ledger.acts import Act, note_act
from worker.ledger.advertised import count_advertising, forget_advertised
from worker.ledger.asked import requests_of
from worker.ledger.balance import note_balance
from worker.ledger.brandnames import ask_for_brandnames, known_brandnames, replace_brandnames
from worker.ledger.campaigns import lift_campaign, notifications_of, pause_campaign, through
from worker.ledger.claim_values import Claim, Fence
from worker.ledger.claims import (
    Due,
    How,
    claim,
    claim_alone,
    claim_doubtful,
    claim_trial,
    due,
    hand_back,
    intend,
)
from worker.ledger.decisions import Horizons, cancel, move, past_expiry, resolve, resolve_all, send_again
from worker.ledger.failed import (
    NOWHERE,
    Chosen,
    Left,
    Place,
    choose,
    choose_alike,
    count,
)
from worker.ledger.filling import fill
from worker.ledger.floors import Floors
from worker.ledger.follow_ups import (
    count_set_aside,
    due_follow_up,
    due_follow_up_ids,
    due_follow_ups,
    fall_back,
    follow_later,
    follow_no_more,
    let_go,
    let_some_go,
    set_aside,
)
from worker.ledger.gate import Gate
from worker.ledger.held import WhichHeld, count_held, held_messages, note_decisions
from worker.ledger.inserts import First, Put, Stored, Terms, is_one_statement, lay_out, put, stands
from worker.ledger.law_rules import all_rules, remove_rule, rules_now, save_rule, set_mode
from worker.ledger.likeness import alike
from worker.ledger.limits import set_limit
from worker.ledger.outlook import (
    Alike,
    Before,
    Going,
    Remaining,
    fared_before,
    few_missed,
    others,
    outlook,
    remaining,
)
from worker.ledger.pauses import Paused, allow_trial, due_probes, lift, pause, paused, probed
from worker.ledger.plans import count_anew
from worker.ledger.polls import Poll, Settlement, ask_later, ask_now, claim_polls, put_back, settle
from worker.ledger.reconcile import Known, Look, Lost, claim_lost, known_to, looked
from worker.ledger.records import HttpCall, Outcome, are_one_statement, postpone, record, witness
from worker.ledger.refused_tasks import count_refused, forget_refused
from worker.ledger.replacing import STAYS, put_in_place
from worker.ledger.reruns import (
    REST_MOST,
    Verdict,
    begin_rerun,
    call_off_reruns,
    decided,
    end_trial,
    go_on_anyway,
    judge,
    look_later,
    moved_on,
    next_rerun,
    rest_of,
    still_tried,
    try_beside_cancels,
)
from worker.ledger.resending import resend
from worker.ledger.roll_up import begin_anew, fold
from worker.ledger.rule_outlook import NumberRules, rule_outlook_by_hours, rule_outlook_of_chosen
from worker.ledger.rule_uses import add_up_uses
from worker.ledger.searches import keep_search, kept_search
from worker.ledger.streams import find_missed_streams, tidy_streams
from worker.ledger.sweeps import (
    begin_sweep,
    cancel_messages,
    move_messages,
    next_sweep,
    past_expiry_of,
    statuses_of_messages,
    stop_sweep,
    sweep_moved_on,
)
from worker.ledger.tokens import (
    TokenRow,
    add_token,
    current_token,
    end_others,
    find_token,
    note_refused,
    note_token_use,
    refused_tokens,
    revoke_tokens,
    tokens,
)
from worker.ledger.troubles import note_troubles
from worker.ledger.upkeep import MOST, Rescued, beat, expire, give_up, hold_calls, rescue, take_turn

__all__ = [
    "MOST",
    "NOWHERE",
    "REST_MOST",
    "STAYS",
    "Act",
    "Alike",
    "Before",
    "Chosen",
    "Claim",
    "Due",
    "Fence",
    "First",
    "Floors",
    "Gate",
    "Going",
    "Horizons",
    "How",
    "HttpCall",
    "Known",
    "Left",
    "Look",
    "Lost",
    "NumberRules",
    "Outcome",
    "Paused",
    "Place",
    "Poll",
    "Put",
    "Remaining",
    "Rescued",
    "Settlement",
    "Stored",
    "Terms",
    "TokenRow",
    "Verdict",
    "WhichHeld",
    "add_token",
    "add_up_uses",
    "alike",
    "all_rules",
    "allow_trial",
    "are_one_statement",
    "ask_for_brandnames",
    "ask_later",
    "ask_now",
    "beat",
    "begin_anew",
    "begin_rerun",
    "begin_sweep",
    "call_off_reruns",
    "cancel",
    "cancel_messages",
    "choose",
    "choose_alike",
    "claim",
    "claim_alone",
    "claim_doubtful",
    "claim_lost",
    "claim_polls",
    "claim_trial",
    "count",
    "count_advertising",
    "count_anew",
    "count_held",
    "count_refused",
    "count_set_aside",
    "current_token",
    "decided",
    "due",
    "due_follow_up",
    "due_follow_up_ids",
    "due_follow_ups",
    "due_probes",
    "end_others",
    "end_trial",
    "expire",
    "fall_back",
    "fared_before",
    "few_missed",
    "fill",
    "find_missed_streams",
    "find_token",
    "fold",
    "follow_later",
    "follow_no_more",
    "forget_advertised",
    "forget_refused",
    "give_up",
    "go_on_anyway",
    "hand_back",
    "held_messages",
    "hold_calls",
    "intend",
    "is_one_statement",
    "judge",
    "keep_search",
    "kept_search",
    "known_brandnames",
    "known_to",
    "lay_out",
    "let_go",
    "let_some_go",
    "lift",
    "lift_campaign",
    "look_later",
    "looked",
    "move",
    "move_messages",
    "moved_on",
    "next_rerun",
    "next_sweep",
    "note_act",
    "note_balance",
    "note_decisions",
    "note_refused",
    "note_token_use",
    "note_troubles",
    "notifications_of",
    "others",
    "outlook",
    "past_expiry",
    "past_expiry_of",
    "pause",
    "pause_campaign",
    "paused",
    "postpone",
    "probed",
    "put",
    "put_back",
    "put_in_place",
    "record",
    "refused_tokens",
    "remaining",
    "remove_rule",
    "replace_brandnames",
    "requests_of",
    "rescue",
    "resend",
    "resolve",
    "resolve_all",
    "rest_of",
    "revoke_tokens",
    "rule_outlook_by_hours",
    "rule_outlook_of_chosen",
    "rules_now",
    "save_rule",
    "send_again",
    "set_aside",
    "set_limit",
    "set_mode",
    "settle",
    "stands",
    "statuses_of_messages",
    "still_tried",
    "stop_sweep",
    "sweep_moved_on",
    "take_turn",
    "through",
    "tidy_streams",
    "tokens",
    "try_beside_cancels",
    "witness",
]
