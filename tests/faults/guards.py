"""What keeps messages from doubling or getting lost, guard by guard, and the test that misses it.

Each is taken out of a copy of the sources by `python -m tests.faults.mutations`. The texts stand here as they stand in
the sources: who changes one changes both.
"""

from __future__ import annotations

from dataclasses import dataclass

RACES = "tests/ledger/test_ledger_races.py"
MACHINE = "tests/ledger/test_ledger_machine.py"
RECORDS = "tests/ledger/test_ledger_records.py"
PERSONS = "tests/ledger/test_ledger_decisions.py"
FAULTS = "tests/delivery/test_delivery_faults.py"
DRAIN = "tests/delivery/test_delivery_drain.py"
LOST = "tests/delivery/test_delivery_lost_commits.py"
AHEAD = "tests/intake/test_ahead_of_the_disk.py"
EVIDENCE = "tests/polling/test_evidence.py"
LATE = "tests/again/test_late_arrivals.py"
KILLS = "tests/faults/test_faults_kills.py"
SLOW = "tests/delivery/test_slow_process.py"


@dataclass(frozen=True)
class Guard:
    """A piece of the product that keeps something from doubling or getting lost, and how to take it out.

    times: how often the text stands there; each is replaced.
    """

    name: str
    file: str
    text: str
    without: str
    test: str
    times: int = 1


GUARDS = (
    Guard(
        "an answer is written by the attempt that it belongs to",
        "worker/ledger/records.py",
        "AND m.attempts = o.attempt AND",
        "AND",
        f"{RECORDS}::test_a_late_answer_cannot_overwrite_a_newer_attempt",
    ),
    Guard(
        "the same, found by the state machine",
        "worker/ledger/records.py",
        "AND m.attempts = o.attempt AND",
        "AND",
        MACHINE,
    ),
    Guard(
        "an answer is written only while it is being sent",
        "worker/ledger/records.py",
        'AND m.attempts = o.attempt AND (\n            {still("sending")}\n',
        "AND m.attempts = o.attempt AND (\n            true\n",
        f"{RECORDS}::test_an_answer_after_a_person_decided_changes_nothing_and_stays_as_evidence",
    ),
    Guard(
        "a claim locks what it takes",
        "worker/ledger/claim_statements.py",
        "LIMIT (SELECT most FROM share)\n                    FOR UPDATE SKIP LOCKED\n",
        "LIMIT (SELECT most FROM share)\n",
        "tests/ledger/test_ledger_claims.py -k never_claim_the_same",
    ),
    Guard(
        "an SMS in doubt keeps its RequestId",
        "worker/ledger/claim_statements.py",
        "NULL ELSE m.request_id END,\n    earlier_ids",
        "NULL ELSE gen_random_uuid()::text END,\n    earlier_ids",
        f"{DRAIN} -k asked_again_until",
    ),
    Guard(
        "a claim that was lost comes back under the same RequestId",
        "worker/ledger/claim_statements.py",
        "coalesce(m.request_id, {_REQUEST_ID})",
        "coalesce(m.request_id, gen_random_uuid()::text)",
        f"{LOST} -k goes_out_once_and_is_told",
    ),
    Guard(
        "a code that went ahead of the disk is told to be stored once it is on disk",
        "worker/api/intake.py",
        "            self._ahead.catch_up(joined)",
        "            pass",
        f"{AHEAD} -k once_it_is_told",
    ),
    Guard(
        "so is a repeat of it",
        "worker/api/intake.py",
        "        wait(session)",
        "        pass",
        f"{AHEAD} -k an_applications_own",
    ),
    Guard(
        "and so is a place in the log behind it",
        "worker/api/events.py",
        "                wait_for_the_disk(session)",
        "                pass",
        f"{AHEAD} -k reader_of_events",
    ),
    Guard(
        "so does an advertising request, whoever of it is gone since",
        "worker/ledger/inserts.py",
        '        message["request_id"] = request_id\n',
        '        message["request_id"] = None\n',
        f"{LOST} -k opts_out_meanwhile",
    ),
    Guard(
        "who opted out is looked at in the claim",
        "worker/ledger/claim_statements.py",
        '{unwilling("due.phone")} AS opted_out',
        "false AS opted_out",
        "tests/contacts/test_opt_out.py -k by_no_way",
    ),
    Guard(
        "a trial reaches nobody but those who are named",
        "worker/ledger/claim_statements.py",
        '{outside("due.phone")} AS outside',
        "false AS outside",
        "tests/ledger/test_gate.py",
    ),
    Guard(
        "what is too early waits",
        "worker/ledger/claim_statements.py",
        "WHEN n.stays THEN 'queued' ELSE 'sending' END",
        "ELSE 'sending' END",
        "tests/ledger/test_gate_rules.py -k claimed_at_night",
    ),
    Guard(
        "advertising is counted before it goes out",
        "worker/delivery/claiming.py",
        "return ledger.count_advertising(session, claims, self.gate)",
        "return claims",
        "tests/ledger/test_gate_rules.py -k four_workers",
    ),
    Guard(
        "what is claimed in one round trip is nothing that others count",
        "worker/ledger/claim_statements.py",
        "AND NOT n.stays AND NOT n.advertising AND NOT EXISTS (SELECT FROM limits)",
        "",
        "tests/ledger/test_claim_alone.py",
    ),
    Guard(
        "a call in doubt is not claimed again",
        "worker/ledger/claim_statements.py",
        "AND NOT m.grouped AND n.kind = 'sms' AND",
        "AND NOT m.grouped AND",
        f"{RECORDS}::test_a_call_in_doubt_is_held_and_never_claimed_again",
    ),
    Guard(
        "an SMS is asked again only while eSMS remembers its RequestId",
        "worker/ledger/claim_statements.py",
        "AND m.in_doubt_since > now() - :window AND",
        "AND",
        MACHINE,
        times=2,
    ),
    Guard(
        "a call is dialled only while its lease lasts",
        "worker/ledger/claim_statements.py",
        " AND m.lease_until > clock_timestamp()",
        "",
        MACHINE,
    ),
    Guard(
        "what is about to be dialled is not handed back",
        "worker/ledger/claim_statements.py",
        'AND {still("sending")} AND m.dialled_at IS NULL',
        'AND {still("sending")}',
        f"{RACES} -k about_to_be_dialled_or_handed_back",
    ),
    Guard(
        "what was in doubt before is not queued by who hands it back late",
        "worker/ledger/claims.py",
        "_fences([claim for claim in claims if not claim.in_doubt])",
        "_fences(claims)",
        f"{SLOW} -k in_doubt_before",
    ),
    Guard(
        "nor what others have tried since",
        "worker/ledger/claim_statements.py",
        'AND m.attempts = mine.attempt AND {still("unconfirmed")}',
        'AND {still("unconfirmed")}',
        f"{SLOW} -k tried_since",
    ),
    Guard(
        "what was in doubt stays counted when it is handed back",
        "worker/ledger/claims.py",
        "came_back_unsent(session, [row.id for row in back if row.status == Status.QUEUED])",
        "came_back_unsent(session, [row.id for row in back])",
        "tests/ledger/test_ledger_limits.py -k in_doubt",
    ),
    Guard(
        "a call's intent is on disk before it is dialled",
        "worker/delivery/drain.py",
        "and claim.fences[0].id not in ours]",
        "and not claim.fences]",
        f"{FAULTS}::test_a_call_whose_intent_failed_to_commit_is_not_dialled",
    ),
    Guard(
        "who has got it by another message of its chain gets no second one",
        "worker/ledger/reached.py",
        "CASE WHEN NOT {is_alone(message)} THEN (",
        "CASE WHEN false THEN (",
        f"{LATE}::test_nor_is_what_it_was_corrected_to",
    ),
    Guard(
        "what was not taken does not go out beside what came in its place",
        "worker/ledger/reached.py",
        """THEN '{CALLED_BACK}'" if waits else \"\"""",
        """THEN '{CALLED_BACK}'" if not waits else \"\"""",
        f"{LATE}::test_what_was_surely_not_taken_goes_out_only_where_what_came_in_its_place_failed",
    ),
    Guard(
        "a list that is asked for again by its key is a repeat",
        "worker/web/messages.py",
        'else (f"{key}/{place}" for place in range(len(messages)))',
        "else repeat(None)",
        "tests/web/test_web_keys.py::test_a_list_that_is_asked_for_again_by_its_key_is_handed_over_once",
    ),
    Guard(
        "what expires in line for the wire is not sent",
        "worker/delivery/drain.py",
        "self._put(claim, until=until.sent)",
        "self._put(claim, until=inf)",
        f"{FAULTS}::test_a_code_that_expires_while_it_stands_in_line_for_the_wire_is_not_sent",
    ),
    Guard(
        "its time is looked at once more when a connection is there",
        "worker/esms/wire.py",
        "            if monotonic() < _call.until:\n                return\n",
        "            return\n",
        "tests/esms/test_esms_exchange.py -k once_it_has_a_connection",
    ),
    Guard(
        "the same, where curl makes it",
        "worker/esms/curl_handle.py",
        "        if monotonic() >= self._until:\n",
        "        if self._gone:\n",
        "tests/esms/test_esms_exchange.py -k once_it_has_a_connection",
    ),
    Guard(
        "nothing is done on the strength of a commit that failed",
        "worker/database.py",
        "            return nothing\n",
        "            return found\n",
        f"{FAULTS}::test_what_was_claimed_in_a_commit_that_failed_is_not_sent",
    ),
    Guard(
        "only what never had a connection is surely not taken",
        "worker/esms/wire.py",
        "failure = MaybeTaken(_what_was_lost(",
        "failure = NotTaken(_what_was_lost(",
        "tests/esms/test_esms_failures.py",
    ),
    Guard(
        "the same, where curl carries them",
        "worker/esms/curl_handle.py",
        "return MaybeTaken(self._what_was_lost(error, now))",
        "return NotTaken(self._what_was_lost(error, now))",
        "tests/esms/test_esms_failures.py",
    ),
    Guard(
        "the same, where sockets of our own carry them",
        "worker/esms/conversation.py",
        "return MaybeTaken(lost.OUT_OF_TIME if out_of_time else self._lost or lost.SILENT)",
        "return NotTaken(lost.OUT_OF_TIME if out_of_time else self._lost or lost.SILENT)",
        "tests/esms/test_esms_failures.py",
    ),
    Guard(
        "what has come on kept connections is looked at right before some are used",
        "worker/esms/sockets.py",
        "            self._bury()\n",
        "",
        "tests/esms/test_esms_sockets.py",
    ),
    Guard(
        "the same, of one that was used since all were looked at",
        "worker/esms/sockets.py",
        " and (kept.used_at < self._looked_at or not kept.is_dead())",
        "",
        "tests/esms/test_esms_connections.py",
    ),
    Guard(
        "what has come while a process was frozen is read before its time is judged",
        "worker/esms/loop.py",
        "            interrupted |= self._listen(0, unless)",
        "            interrupted |= False",
        "tests/esms/test_esms_loop.py",
    ),
    Guard(
        "a refusal in doubt is no refusal",
        "worker/delivery/outcomes.py",
        "    if claim.in_doubt:\n        return _asked_again(error, claim, pace, http_call)\n",
        "",
        "tests/delivery/test_delivery_doubt.py",
    ),
    Guard(
        "after a refusal the next attempt has a new RequestId",
        "worker/delivery/outcomes.py",
        "Evidence.ACCOUNT_TROUBLE, error, claim, http_call, renew_request_id=True)",
        "Evidence.ACCOUNT_TROUBLE, error, claim, http_call)",
        f"{DRAIN}::test_a_refused_attempt_and_the_next_one_never_share_a_request_id",
    ),
    Guard(
        "only a documented code refuses",
        "worker/esms/verdicts.py",
        'return Unclear(f"eSMS code {code}, which',
        'return Refused(f"eSMS code {code}, which',
        "tests/delivery/test_delivery_codes.py",
    ),
    Guard(
        "the SMS base says nothing of the voice base",
        "worker/maintenance/probes.py",
        "    if _is_elsewhere(pause, client):  # each call on trial that gets no answer is held: seldom, then\n        return _Next.TRIAL\n",  # noqa: E501
        "",
        "tests/delivery/test_delivery_codes.py",
    ),
    Guard(
        "a silence counts from one doorbell to the next",
        "worker/delivery/drain.py",
        "self.breaker or Breaker(",
        "Breaker(",
        f"{DRAIN} -k silence_is_noticed",
    ),
    Guard(
        "a trial is one message's",
        "worker/ledger/pauses.py",
        "UPDATE pause SET trial = false WHERE",
        "UPDATE pause SET trial = true WHERE",
        "tests/delivery/test_delivery_codes.py",
    ),
    Guard(
        "a rescued SMS is in doubt",
        "worker/ledger/upkeep.py",
        "(n.kind = 'sms' OR m.dialled_at IS NOT NULL) AS doubtful",
        "(m.dialled_at IS NOT NULL) AS doubtful",
        f"{RECORDS}::test_a_rescued_sms_may_have_been_taken",
    ),
    Guard(
        "a rescued call that was to be dialled is in doubt",
        "worker/ledger/upkeep.py",
        "(n.kind = 'sms' OR m.dialled_at IS NOT NULL) AS doubtful",
        "(n.kind = 'sms') AS doubtful",
        f"{RECORDS}::test_a_call_of_a_dead_worker_is_queued_before_dialling_and_doubtful_after",
    ),
    Guard(
        "what is settled stays settled",
        "worker/ledger/polls.py",
        'WHERE m.id = s.message_id AND m.sms_id IS NOT DISTINCT FROM s.sms_id AND {still("accepted")}',
        "WHERE m.id = s.message_id AND m.sms_id IS NOT DISTINCT FROM s.sms_id",
        f"{RECORDS}::test_a_settled_message_stays_as_it_is_whatever_comes_later",
    ),
    Guard(
        "an answer settles the SMSID that it is about",
        "worker/ledger/polls.py",
        'WHERE m.id = s.message_id AND m.sms_id IS NOT DISTINCT FROM s.sms_id AND {still("accepted")}',
        'WHERE m.id = s.message_id AND {still("accepted")}',
        f"{RECORDS}::test_a_report_on_an_earlier_attempt_does_not_touch_a_later_one",
    ),
    Guard(
        "what was looked for is written by who looked last",
        "worker/ledger/reconcile.py",
        "WHERE m.id = l.id AND m.status = l.was AND m.polls = l.polls AND",
        "WHERE m.id = l.id AND",
        f"{RACES} -k find",
    ),
    Guard(
        'a "no" counts only when it is said again',
        "worker/ledger/polls.py",
        "coalesce(m.heard = s.heard AND m.heard_since <= now() - s.again_after, false)",
        "true",
        f"{EVIDENCE}::test_a_first_false_moves_nothing_and_the_same_after_a_wait_does",
    ),
    Guard(
        "and only after a wait",
        "worker/ledger/polls.py",
        "coalesce(m.heard = s.heard AND m.heard_since <= now() - s.again_after, false)",
        "coalesce(m.heard = s.heard, false)",
        f"{EVIDENCE}::test_a_first_false_moves_nothing_and_the_same_after_a_wait_does",
    ),
    Guard(
        "and only if nothing else was said in between",
        "worker/ledger/polls.py",
        "heard_since = CASE WHEN m.heard = s.heard THEN m.heard_since ELSE now() END,",
        "heard_since = coalesce(m.heard_since, now()),",
        f"{EVIDENCE}::test_another_word_in_between_begins_the_proof_anew",
    ),
    Guard(
        'a "no" of an earlier attempt does not count for the next',
        "worker/ledger/decisions.py",
        "    heard = NULL, heard_since = NULL,\n    earlier_ids",
        "    earlier_ids",
        "tests/delivery/test_delivery_seams.py -k former_attempt",
    ),
    Guard(
        "nor one of before a late answer after it",
        "worker/ledger/records.py",
        "            heard = NULL,\n            heard_since = NULL,\n",
        "",
        "tests/delivery/test_delivery_seams.py -k came_late",
    ),
    Guard(
        "`false` counts only for what was sent",
        "worker/polling/answers.py",
        "if agree and receiver.is_sent else",
        "if agree else",
        f"{EVIDENCE} -k without_is_sent",
    ),
    Guard(
        "`false` counts only where the counters agree",
        "worker/polling/answers.py",
        "if agree and receiver.is_sent else",
        "if receiver.is_sent else",
        f"{EVIDENCE} -k without_is_sent",
    ),
    Guard(
        "a group is not refused for all at the first word",
        "worker/polling/answers.py",
        "Evidence.REFUSED_BY_OPERATOR if poll.alone else Evidence.REFUSED_AMONG_MANY",
        "Evidence.REFUSED_BY_OPERATOR",
        f"{EVIDENCE}::test_a_group_is_not_refused_for_all_at_the_first_word",
    ),
    Guard(
        "of a refused group, who got it got it",
        "worker/polling/answers.py",
        "if progress.send_status == FINISHED or progress.success != 0:",
        "if progress.send_status == FINISHED:",
        f"{EVIDENCE} -k group_that_was_refused",
    ),
    Guard(
        "an absence counts only the second time",
        "worker/ledger/reconcile.py",
        "coalesce(m.heard = l.heard AND m.heard_since <= now() - l.again_after, false)",
        "true",
        f"{EVIDENCE} -k absent_twice",
    ),
    Guard(
        "an absence counts only from a list that has caught up",
        "worker/polling/matching.py",
        "if unread or shown_to is None or shown_to < lost.until:",
        "if unread:",
        f"{EVIDENCE} -k shows_nothing_of_ours",
    ),
    Guard(
        "what is slow is never sent again by itself",
        "worker/polling/matching.py",
        "slow = lost.handed_over or lost.lane is Lane.BULK",
        "slow = lost.handed_over",
        f"{EVIDENCE} -k slow_type",
    ),
    Guard(
        "an answer without a list is no empty list",
        "worker/esms/replies.py",
        'items = reply.listed("SentData")\n',
        'items = reply.listed("SentData") or []\n',
        f"{EVIDENCE} -k answer_without_a_list",
    ),
    Guard(
        "texts are compared without accents, case and signs",
        "worker/polling/matching.py",
        "strip_diacritics(content).casefold()",
        "content",
        f"{EVIDENCE} -k came_back_folded",
    ),
    Guard(
        "nobody's text to the number forbids to call it absent",
        "worker/polling/matching.py",
        "    if any(not any(_may_be_of(row, each, lost) for each in known) for row in free):\n",
        "    if False:\n",
        f"{EVIDENCE} -k nobodys_text",
    ),
    Guard(
        "the SMSIDs of all attempts are known",
        "worker/ledger/reconcile.py",
        "sms_ids=frozenset(sms_id for sms_id in sms_ids if sms_id)",
        "sms_ids=frozenset([row.sms_id])",
        f"{EVIDENCE} -k row_of_an_earlier_attempt",
    ),
    Guard(
        "a row that could be another SMS of ours is not taken",
        "worker/polling/matching.py",
        "return known.tried and not sent_before and",
        "return False and",
        f"{EVIDENCE} -k could_be_another_of_ours",
    ),
    Guard(
        "a row from before the attempt is not its own",
        "worker/polling/matching.py",
        " and not _from_before(row, lost)]",
        "]",
        f"{EVIDENCE} -k from_before",
    ),
    Guard(
        "the SMSID of the attempt in doubt is not taken from it",
        "worker/ledger/reconcile.py",
        "WHERE message_id = m.id AND request_id IS DISTINCT FROM m.request_id",
        "WHERE message_id = m.id",
        f"{EVIDENCE} -k came_too_late",
    ),
    Guard(
        "only what waits is cancelled",
        "worker/ledger/cancelling.py",
        'WHERE {which} AND {still("queued")}',
        "WHERE {which}",
        f"{PERSONS}::test_cancelling_what_is_being_sent_changes_nothing_and_says_so",
    ),
    Guard(
        "a retry begins with a new RequestId",
        "worker/ledger/decisions.py",
        "request_id = NULL, renewals = m.renewals + 1, sms_id = NULL,",
        "sms_id = NULL,",
        f"{PERSONS} -k sent_again_under_a_new_request_id",
    ),
    Guard(
        "a worker that can't tell Redis what is done connects anew",
        "worker/broker/redis_transport.py",
        "    Message = Message\n",
        "",
        "tests/journeys/test_redis_away.py",
    ),
    Guard(
        "a task whose process died is put back",
        "worker/queues.py",
        '"task_reject_on_worker_lost": True',
        '"task_reject_on_worker_lost": False',
        f"{KILLS} -k put",
    ),
    Guard(
        "a task that is delivered twice is one message",
        "worker/tasks.py",
        'if not fields.get("reference") and',
        "if False and",
        "tests/journeys/test_journeys.py -k delivers_twice",
    ),
)
