"""The tables, and the rules that live in them.

notification ─1──n─▶ message ─1──n─▶ request        pause (a lane or campaign that waits)
                                                  stream (what of a lane has something due)
                                                  source_limit (what a source may use up, and has)
                                                  heartbeat (who was alive when), account_balance
                                                  brandname (whom the account may send as)
                                                  trouble (a step that fails at each tick)
                                                  price (what an SMS or a call costs, by the list)
                                                  producer_source (what a login of Postgres is bound to)
                                                  refused_task (what a broker brought that was none)
                                                  rerun (of many, whose first hundred go first), decision
                                                  sweep (over all that a search finds), search (of a person at the page)

attempt (tries that are over)        settlement (each change of status) ─▶ report_daily, report_latency, report_minute,
                                                                     report_standing, report_superseded (by roll_up);
                                                                     by triggers of these:
                                                                     report_month, report_latency_month

inbox (what came by SQL, until a worker takes it in)
happening (what is no change of a status)        webhook ─1──n─▶ webhook_call (still to be told), webhook_secret

contact (people)        opt_out (numbers that want nothing)        template (named texts, by version)
token (who is let in by HTTP), refused_token        upload (a file of people, until it is done with) ─1──n─▶ upload_row
page_user ─1──n─▶ page_session        sign_in (passwords that were tried)        act (who did what, for good)
retention_place (how far removing has come of what is kept no longer), removal (what waits for its end)
restore_guard (whether this is a backup that woke up)
person_request (what people ask about their data), tombstone (who was forgotten)
law_rule (when, how often and how advertising goes out), advertised (who got how much), do_not_call (the register)
consent (who agreed to what, and took it back), rule_use (what rules did, by day)
reminder (rules), event ─1──n─▶ attendee        occurrence (what was made of either, for whom)

The constraints carry what must hold whatever the code does: a reference stands for one notification,
a lease exists exactly while a message is being sent, and a status is one that the life cycle knows.
"""

from worker.models.access import Act, PageSession, PageUser, RefusedToken, SignIn, Token
from worker.models.again import Decision, FollowUp, Rerun
from worker.models.base import Base
from worker.models.contacts import Contact, OptOut, Template
from worker.models.history import (
    Attempt,
    ReportDaily,
    ReportLatency,
    ReportLatencyMonth,
    ReportMinute,
    ReportMonth,
    ReportStanding,
    ReportSuperseded,
    RollUp,
    Settlement,
)
from worker.models.inbox import Inbox
from worker.models.law import Advertised, ConsentGiven, DoNotCall, LawRule, RuleUse
from worker.models.limits import SourceLimit
from worker.models.messages import Message, Notification, Request, Stream
from worker.models.operation import (
    AccountBalance,
    Brandname,
    Heartbeat,
    Pause,
    ProducerSource,
    RefusedTask,
    RestoreGuard,
    Trouble,
)
from worker.models.people import PersonRequest, Tombstone
from worker.models.prices import Price
from worker.models.reminders import Attendee, Event, Occurrence, Reminder
from worker.models.retention import Removal, RetentionPlace
from worker.models.sweeps import Search, Sweep
from worker.models.uploads import Upload, UploadRow
from worker.models.webhooks import Happening, Webhook, WebhookCall, WebhookSecret

__all__ = [
    "AccountBalance",
    "Act",
    "Advertised",
    "Attempt",
    "Attendee",
    "Base",
    "Brandname",
    "ConsentGiven",
    "Contact",
    "Decision",
    "DoNotCall",
    "Event",
    "FollowUp",
    "Happening",
    "Heartbeat",
    "Inbox",
    "LawRule",
    "Message",
    "Notification",
    "Occurrence",
    "OptOut",
    "PageSession",
    "PageUser",
    "Pause",
    "PersonRequest",
    "Price",
    "ProducerSource",
    "RefusedTask",
    "RefusedToken",
    "Reminder",
    "Removal",
    "ReportDaily",
    "ReportLatency",
    "ReportLatencyMonth",
    "ReportMinute",
    "ReportMonth",
    "ReportStanding",
    "ReportSuperseded",
    "Request",
    "Rerun",
    "RestoreGuard",
    "RetentionPlace",
    "RollUp",
    "RuleUse",
    "Search",
    "Settlement",
    "SignIn",
    "SourceLimit",
    "Stream",
    "Sweep",
    "Template",
    "Token",
    "Tombstone",
    "Trouble",
    "Upload",
    "UploadRow",
    "Webhook",
    "WebhookCall",
    "WebhookSecret",
]
