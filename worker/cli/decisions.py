"""Decisions: `cancel`, `move`, `pause`, `resume`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import tzinfo
from functools import partial
from getpass import getuser
from shlex import quote
from uuid import UUID

import click

from worker.api.decisions import Decision
from worker.api.naming import BY_DEFAULT
from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.look import located
from worker.cli.output import console, counting, date_option, json_option, options, say, say_json, table, text
from worker.lifecycle import Lane
from worker.reporting import PauseShown
from worker.settings import administration

LANES = [str(lane) for lane in Lane]


which_options = options(  # of which notification, or of which campaign
    click.argument("id_", metavar="ID", required=False),
    click.option("--reference", metavar="R", help="The producer's own key."),
    click.option("--source", metavar="S", help="Which application used it."),
    completion.campaign_option("All of a campaign, some at a time."),
)


def _login() -> str:
    try:
        return getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return BY_DEFAULT


by_option = click.option(
    "--by", metavar="NAME", default=_login, show_default="your login", help="Who asks for it, as `show` will tell."
)


@click.command()
@which_options
@json_option
def cancel(as_json: bool, **which: str | None) -> int:
    """Cancel what has not been sent yet; says for what it is too late. Exit code 1 when nothing could be cancelled."""
    with Notifier.from_env() as notifier:
        decided = _decided(notifier, notifier.cancel, notifier.cancel_campaign, **which)
    return _say_too_late("cancelled", decided, as_json)


@click.command()
@which_options
@click.option("--send-date", metavar="ISO", required=True, help="When to send instead; without a zone: of TIME_ZONE.")
@json_option
def move(send_date: str, as_json: bool, **which: str | None) -> int:
    """Send at another date what has not been sent yet. Exit code 1 when nothing could be moved."""
    at = date_option("--send-date", send_date)
    with Notifier.from_env() as notifier:
        one, many = partial(notifier.move, send_date=at), partial(notifier.move_campaign, send_date=at)
        decided = _decided(notifier, one, many, **which)
    return _say_too_late("moved", decided, as_json)


def _decided(
    notifier: Notifier,
    one: Callable[[UUID], Decision],
    many: Callable[..., Decision],
    *,
    id_: str | None,
    reference: str | None,
    source: str | None,
    campaign: str | None,
) -> Decision:
    """About what `which_options` name."""
    if campaign is None:
        return one(located(notifier, id_, reference, source, other="a --campaign, ").notification)
    if (id_ or reference or source) is not None:
        raise click.UsageError("give one notification or a --campaign, not both")
    with counting("messages looked at") as told:
        return many(campaign, told=told)


def _say_too_late(what: str, decided: Decision, as_json: bool) -> int:
    if as_json:
        called_off = {"called_off": decided.called_off} if decided.called_off else {}
        say_json(decision_json(decided) | {"too_late": decided.too_late} | called_off)
    else:
        say(f"{what}: {decided.moved:,} message(s)")
        if decided.called_off:
            say(f"not sent again after all: {decided.called_off:,} message(s)")
        for words, count in decided.too_late.items():
            say(f"{words}: {count:,} message(s)")
    return 0 if decided.moved or decided.called_off else 1


def decision_json(decided: Decision) -> dict[str, object]:
    return {"moved": decided.moved, "others": {str(status): count for status, count in decided.others.items()}}


@click.command()
@click.argument("lanes", nargs=-1, type=click.Choice([*LANES, "all"]))
@completion.campaign_option("Hold back a campaign instead of lanes.")
@click.option("--to-come", is_flag=True, help="Also a campaign that nothing has yet.")
@click.option("--reason", default="paused by a person", show_default=True)
@json_option
def pause(lanes: tuple[str, ...], campaign: str | None, to_come: bool, reason: str, as_json: bool) -> None:
    """Hold lanes or a campaign back until `resume`; what is in flight is finished."""
    _refuse_neither(lanes, campaign)
    if to_come and campaign is None:
        raise click.UsageError("--to-come: is for a --campaign: leave it out")
    with Notifier.from_env() as notifier:
        if campaign is not None:
            notifier.pauses.pause_campaign(campaign, reason, to_come=to_come)
        notifier.pause(_lanes(lanes), reason)
        paused = notifier.pauses.list()
    _say_pauses(paused, as_json, notifier.settings.time_zone)


@click.command()
@click.argument("lanes", nargs=-1, type=click.Choice([*LANES, "all"]))
@completion.campaign_option("Let a campaign go on instead of lanes.")
@click.option("--after-restore", is_flag=True, help="Let a database that woke up from a backup send what is queued.")
@by_option
@json_option
def resume(lanes: tuple[str, ...], campaign: str | None, after_restore: bool, by: str, as_json: bool) -> int:
    """Let held lanes, or a campaign, go on, in the order in which they would have gone."""
    if after_restore:
        return _go_on_after_restore(by)
    _refuse_neither(lanes, campaign)
    with Notifier.from_env() as notifier:
        if campaign is not None:
            notifier.pauses.resume_campaign(campaign, to_come=False)
        notifier.resume(_lanes(lanes))
        paused = notifier.pauses.list()
    _say_pauses(paused, as_json, notifier.settings.time_zone)
    return 0


def _go_on_after_restore(by: str) -> int:
    from worker.api.operation import Operation  # it brings the migrator, which who pauses or retries need not load

    with Operation.from_env(administration()) as operation:
        held = operation.go_on_after_restore(by=by)
    say("what is queued goes out from now on" if held else "nothing is held after a restore")
    return 0 if held else 1


def _refuse_neither(lanes: tuple[str, ...], campaign: str | None) -> None:
    if bool(lanes) == (campaign is not None):
        raise click.UsageError("name lanes (or all), or one --campaign")


def _lanes(names: tuple[str, ...]) -> list[Lane]:
    return list(Lane) if "all" in names else [Lane(name) for name in names]


def _say_pauses(paused: Sequence[PauseShown], as_json: bool, zone: tzinfo) -> None:
    if as_json:
        say_json([asdict(row) for row in paused])
        return
    shown = table("lane", "campaign", "of", "since", "code", "reason")
    for row in paused:
        told = (row.lane, row.campaign, row.source, row.since, row.code, row.reason)
        shown.add_row(*(text(each, zone) for each in told))
    console().print(shown if paused else "Nothing is paused.")


def resumed(row: PauseShown) -> str:
    """The command by which it goes on."""
    return f"`esms-worker resume {row.lane or f'--campaign {quote(row.campaign or str())}'}`"
