"""`retry`: send again what failed; chosen exactly, looked at before, corrected."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Any
from uuid import UUID

import click

from worker.again import Corrected, Failed
from worker.api.again import Counted, Foreseen, Outlook, Way
from worker.api.decisions import Decision, Unfit
from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.decisions import by_option, decision_json
from worker.cli.going_on import MANY, going_on_options, many_go_on, one_goes_on
from worker.cli.look import located
from worker.cli.output import (
    console,
    counting,
    json_option,
    look_of,
    looks_of,
    options,
    parts_of,
    say,
    say_json,
    say_rules,
    table,
    text,
)
from worker.cli.spans import span_options
from worker.lifecycle import RETRIED
from worker.settings.language import language_of

LEFT = {
    "late": "reminders whose time has passed",
    "limit": "sent again as often as WORKER_RETRY_LIMIT allows",
    "too few": (
        "advertising that too few others with the same text failed with: once the others are queued, give --sms-type 4 "
        "to send each of these alone"
    ),
    "unfit": "can't be sent corrected like this",
    "opted out": "opted out",
    "forgotten": "their recipients asked to be forgotten: nothing is sent to them anew",
    "has got it": "their recipients have got the message in whose place they were to go: `esms-worker why` says which",
    "emptied": "their text or number is kept no longer: `esms-worker show` says since when, and by which setting",
}

chosen_options = options(
    click.argument("ids", metavar="[ID]…", nargs=-1),
    click.option("--reference", metavar="R", help="The producer's own key, instead of an ID."),
    click.option("--source", metavar="S", help="Only of this application."),
    completion.campaign_option("All of a campaign that failed."),
    click.option("--status", metavar="S,…", help="Of undelivered, rejected, expired only these."),
    click.option("--code", metavar="C,…", help="Only what eSMS answered with one of these."),
    click.option("--network", metavar="N", help="Only numbers of this network, as eSMS names it."),
    click.option("--since", metavar="D", help="That were to go out on this day or later, in TIME_ZONE."),
    click.option("--until", metavar="D", help="And on this day at the latest."),
    click.option("--most", type=int, metavar="N", help="No more than so many."),
)
corrected_options = options(
    click.option("--content", metavar="T", help="With this text instead."),
    click.option(
        "--template",
        metavar="T",
        help="Calls: this at eSMS instead. SMS: this of `esms-worker templates`.",
    ),
    click.option("--sms-type", type=int, metavar="T", help="By this SmsType instead."),
    click.option("--brandname", metavar="B", help="From this brandname instead."),
    click.option("--to", metavar="N", help="With an ID: to this number instead. With --campaign: only to this number."),
)


@click.command()
@chosen_options
@corrected_options
@click.option("--dry-run", is_flag=True, help="Show what it would do, and how such codes fared when retried before.")
@click.option("--yes", is_flag=True, help="Don't ask, however many there are.")
@going_on_options
@by_option
@json_option
def retry(
    by: str, dry_run: bool, yes: bool, as_json: bool, to: str | None, go_on: str | None, all_: bool, **given: Any
) -> int:
    """Send again what was rejected, not delivered or expired. Exit code 1 when there was nothing to.

    Of many the first hundred go first: the rest follows once one of them has arrived, and waits where all fail alike.
    """
    if go_on == MANY:
        return many_go_on(as_json, dry_run=dry_run, yes=yes, all_=all_, given=given | {"to": to})
    if all_:
        raise click.UsageError("--all is of --go-on: `retry --go-on --all`; else choose by an ID or a --campaign")
    if go_on is not None:
        return one_goes_on(go_on, by, as_json, others=[to, dry_run or None, yes or None, *given.values()])
    with Notifier.from_env() as notifier:
        failed, corrected = _failed(notifier, given, to), _corrected(given, to)
        if dry_run:
            return _say_outlook(_foresee(notifier, failed, corrected), notifier.settings.time_zone, as_json)
        if not yes:
            _ask(notifier, failed, corrected)
        decided = notifier.again.retry(failed, corrected=corrected, by=by)
    return _say_decided(decided, as_json)


def _foresee(notifier: Notifier, failed: Failed, corrected: Corrected) -> Outlook:
    with counting("messages looked at") as told:
        return notifier.again.foresee(failed, corrected=corrected, language=language_of(), told=told)


def _failed(notifier: Notifier, given: Mapping[str, Any], to: str | None) -> Failed:
    since, until = span_options(given["since"], given["until"], notifier.settings.time_zone, ("--since", "--until"))
    campaign = given["campaign"]
    if campaign is not None and (given["ids"] or given["reference"]):
        raise click.UsageError("give one notification or a --campaign, not both")
    return Failed(
        ids=() if campaign is not None else _ids(notifier, given),
        campaign=campaign,
        source=given["source"],
        status=_several(given["status"]),
        code=_several(given["code"]),
        network=given["network"],
        since=since,
        until=until,
        to=to if campaign is not None else None,
        most=given["most"],
    )


def _ids(notifier: Notifier, given: Mapping[str, Any]) -> list[UUID]:
    named = given["ids"] or (None,)
    found = [located(notifier, each, given["reference"], given["source"], other="a --campaign, ") for each in named]
    return [each.message or each.notification for each in found]


def _several(value: str | None) -> list[str] | None:
    return None if value is None else [each for each in parts_of(value) if each]


def _corrected(given: Mapping[str, Any], to: str | None) -> Corrected:
    what = {name: given[name] for name in ("content", "template", "sms_type", "brandname")}
    return Corrected(**what, to=None if given["campaign"] is not None else to)


def _ask(notifier: Notifier, failed: Failed, corrected: Corrected) -> None:
    """Of many, whether they are to go; which are counted first."""
    most = notifier.settings.retry_ask
    if notifier.again.count(failed) <= most:
        return
    outlook = _foresee(notifier, failed, corrected)
    messages = outlook.going + outlook.more
    if messages <= most:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{messages:,} messages would be sent again: look with --dry-run, then give --yes")
    click.confirm(f"{messages:,} messages would be sent again (--dry-run shows which). Go on?", abort=True, err=True)


def _say_outlook(outlook: Outlook, zone: tzinfo, as_json: bool) -> int:
    if as_json:
        say_json(_outlook_json(outlook))
    elif outlook.lines:
        _say_lines(outlook, zone)
    else:
        say("nothing failed of what was chosen: nothing would be sent")
    if not as_json and outlook.may_arrive:
        console().print(f"not sent again, they may still arrive: {looks_of(outlook.may_arrive)}")
    return 0 if outlook.lines else 1


def _say_lines(outlook: Outlook, zone: tzinfo) -> None:
    shown = table("failed as", "code", "messages:n", "SMS:n", "đồng:n", "before", "what helps")
    for line in outlook.lines:
        one = line.alike
        price = "?" if one.dong is None else f"{one.dong:,.0f}"
        helps = text(line.remedy if line.helps else f"not this: {line.remedy}")
        shown.add_row(
            look_of(one.status), text(one.code), f"{one.messages:,}", f"{one.segments:,}", price, _before(line), helps
        )
    console().print(shown)
    price = "a price that is not known" if outlook.dong is None else f"{outlook.dong:,.0f} đồng"
    going = f"{outlook.going:,} of {outlook.messages:,} message(s)"
    say(f"dry run: {going} would be sent again, {outlook.segments:,} SMS or calls, {price}; nothing was queued")
    for way in outlook.ways:
        say(f"would go out: {way.messages:,}: {_way(way)}")
    _say_left(outlook.left, outlook.unfit, "would be left as they are: ")
    say_rules(outlook.rules, zone)
    if outlook.helpless:
        say(f"can't be helped like this: {outlook.helpless:,}: eSMS would refuse them as before")
    if outlook.counted is Counted.ONE_BY_ONE:
        say(f"counted: {outlook.messages:,}, one by one, each as it would go out now")
    if outlook.more:
        say(f"not counted: {outlook.more:,} more that are chosen: what is told is of the first {outlook.messages:,}")


def _way(way: Way) -> str:
    what = "a call" if way.sms_type is None else f"SmsType {way.sms_type:d}"
    return f"{what}, {way.purpose}, lane {way.lane}"


def _say_left(left: Mapping[Any, int], unfit: Sequence[Unfit], what: str) -> None:
    for reason, count in left.items():
        say(f"{what}{count:,}: {LEFT[reason]}")
        for each in unfit if reason == "unfit" else ():
            say(f"  {each.messages:,} {_why(each)}")


def _why(unfit: Unfit) -> str:
    if unfit.lacks:
        return f"lack {' and '.join(f'{{{name}}}' for name in unfit.lacks)}"
    return f"{unfit.field}: {unfit.problem}: {unfit.remedy}"


def _before(line: Foreseen) -> str:
    before = line.alike.before
    return "never tried" if before is None else f"{before.delivered / before.ended:.0%} of {before.ended:,} arrived"


def _outlook_json(outlook: Outlook) -> dict[str, Any]:
    lines = [asdict(line.alike) | {"helps": line.helps, "remedy": line.remedy} for line in outlook.lines]
    names = ("messages", "going", "segments", "dong", "helpless", "counted", "more")
    sums = {name: getattr(outlook, name) for name in names}
    sums |= {"ways": [asdict(each) for each in outlook.ways], "unfit": [asdict(each) for each in outlook.unfit]}
    sums["rules"] = [asdict(each) for each in outlook.rules]
    return {"dry_run": True, "lines": lines, "left": outlook.left, "may_arrive": outlook.may_arrive} | sums


def _say_rest(decided: Decision) -> None:
    if decided.rest_left is None:
        say("who of these stays as they are, and why: the same with --dry-run tells it, before and after")
    _say_left(decided.rest_left or {}, decided.rest_unfit, "of these stay as they are: ")


def _none_was_chosen(decided: Decision) -> bool:
    """Some failed, and what was asked for names none of them."""
    return not decided.moved and not decided.left and any(decided.others.get(status) for status in RETRIED)


def _say_decided(decided: Decision, as_json: bool) -> int:
    if as_json:
        left = {str(reason): count for reason, count in decided.left.items()}
        unfit = [asdict(each) for each in decided.unfit]
        rest: dict[str, Any] = {"rest": decided.rest, "rest_left": decided.rest_left}
        rest["rest_unfit"] = [asdict(each) for each in decided.rest_unfit]
        rest |= {"called_off": decided.called_off} if decided.called_off else {}
        say_json(decision_json(decided) | {"late": decided.late, "left": left, "unfit": unfit} | rest)
        return 0 if decided.moved else 1
    say(f"queued again: {decided.moved:,} message(s)")
    if decided.rest:
        say(f"{decided.rest:,} more follow by themselves once one of these has arrived")
        _say_rest(decided)
    if decided.called_off:
        say(f"not sent again, since the campaign was cancelled meanwhile: {decided.called_off:,} message(s)")
    if decided.others:
        so_far = " so far" if decided.rest else ""
        console().print(f"left as they are{so_far}: {looks_of(decided.others)}")
    if _none_was_chosen(decided):
        say("none of those that failed was chosen: check --status, --code, --network, --to and the days")
    _say_left(decided.left, decided.unfit, "of these ")
    if not (decided.moved or decided.others or decided.left):
        say("others are in their places already: `esms-worker show ID` names them")
    return 0 if decided.moved else 1
