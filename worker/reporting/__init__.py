"""Questions about what was asked for and what became of it; reads only."""

from worker.reporting.attempts import AttemptShown
from worker.reporting.chains import PlaceShown, together
from worker.reporting.choice import Choice, GroupBy, Which
from worker.reporting.costs import Costs, costs
from worker.reporting.evidence import DecisionShown, EvidenceShown, evidence
from worker.reporting.held import HeldShown, held, is_held, is_of_who_was_forgotten
from worker.reporting.latency import Latency, latency
from worker.reporting.locating import Located, locate, locate_held, locate_refused, shortened
from worker.reporting.operation import (
    LISTENER,
    BrandnamesShown,
    PauseShown,
    PowerfulLogin,
    RefusedShown,
    Stopped,
    brandnames,
    calls_nobody_knows,
    is_used,
    listeners,
    pauses,
    powerful_logins,
    refused,
    seconds_since_beat,
    stopped_reruns,
    troubles,
    was_seen,
)
from worker.reporting.rule_uses import HeldBack, RuleUsed, held_back, rules_used
from worker.reporting.standing import OtherMessage, Standing, find, notification, standing, statuses_of
from worker.reporting.summary import By, ReportLine, around, campaigns, refuse_unknown, report
from worker.reporting.sums import Sums, counted_until, sums
from worker.reporting.to_number import MessageListed, Page, messages_to
from worker.reporting.untaken import (
    RefusedCount,
    RefusedPage,
    RefusedRequest,
    refused_counts,
    refused_of,
    refused_one,
    refused_requests,
)
from worker.reporting.waiting import Wait
from worker.reporting.whole import MessageShown, NotificationShown, RequestShown, whole

__all__ = [
    "LISTENER",
    "AttemptShown",
    "BrandnamesShown",
    "By",
    "Choice",
    "Costs",
    "DecisionShown",
    "EvidenceShown",
    "GroupBy",
    "HeldBack",
    "HeldShown",
    "Latency",
    "Located",
    "MessageListed",
    "MessageShown",
    "NotificationShown",
    "OtherMessage",
    "Page",
    "PauseShown",
    "PlaceShown",
    "PowerfulLogin",
    "RefusedCount",
    "RefusedPage",
    "RefusedRequest",
    "RefusedShown",
    "ReportLine",
    "RequestShown",
    "RuleUsed",
    "Standing",
    "Stopped",
    "Sums",
    "Wait",
    "Which",
    "around",
    "brandnames",
    "calls_nobody_knows",
    "campaigns",
    "costs",
    "counted_until",
    "evidence",
    "find",
    "held",
    "held_back",
    "is_held",
    "is_of_who_was_forgotten",
    "is_used",
    "latency",
    "listeners",
    "locate",
    "locate_held",
    "locate_refused",
    "messages_to",
    "notification",
    "pauses",
    "powerful_logins",
    "refuse_unknown",
    "refused",
    "refused_counts",
    "refused_of",
    "refused_one",
    "refused_requests",
    "report",
    "rules_used",
    "seconds_since_beat",
    "shortened",
    "standing",
    "statuses_of",
    "stopped_reruns",
    "sums",
    "together",
    "troubles",
    "was_seen",
    "whole",
]
