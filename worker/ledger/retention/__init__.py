"""What is kept no longer: walks over what grows old, some rows at a time, and what is left of it afterwards.

A walk goes along an index that is there anyway, from a place that stands in a row of its own: whoever dies in the
middle leaves a step undone, and nobody pays for it who sends. What a walk passes before its end waits as a removal.
"""

from worker.ledger.retention.emptying import Emptied, Terms, empty_messages, empty_texts, put_off
from worker.ledger.retention.places import TEXTS, Backlog, Place, backlog, move_on, take_place
from worker.ledger.retention.walks import (
    forget_guests,
    forget_references,
    forget_reruns,
    forget_sweeps,
    look_again,
    look_on,
    pass_messages,
    put_off_messages,
    remove_attempts,
    remove_requests,
)

__all__ = [
    "TEXTS",
    "Backlog",
    "Emptied",
    "Place",
    "Terms",
    "backlog",
    "empty_messages",
    "empty_texts",
    "forget_guests",
    "forget_references",
    "forget_reruns",
    "forget_sweeps",
    "look_again",
    "look_on",
    "move_on",
    "pass_messages",
    "put_off",
    "put_off_messages",
    "remove_attempts",
    "remove_requests",
    "take_place",
]
