"""`/callbacks/esms/…`: eSMS says that a send has ended. It is unsigned, so it says when to ask, and nothing else.

The address is the only secret. Whoever knows it makes eSMS be asked a little sooner, a bounded number of times.
"""

from __future__ import annotations

import re
from hmac import compare_digest
from html import escape
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from worker.api.opt_outs import Incoming
from worker.settings.reader import CALLBACKS
from worker.web.answers import as_json
from worker.web.problems import Problem

RATE = 500.0  # callbacks a second that are looked up, over all processes
router = APIRouter(prefix=CALLBACKS.rstrip("/"), tags=["callbacks"], include_in_schema=False)
_usable = re.compile(r"[A-Za-z0-9._-]{1,100}").fullmatch


@router.api_route("/mo/receive", methods=["GET", "POST"])
def received(
    request: Request,
    cpid: str,
    smsid: str,
    sender: str,
    content: str,
    receiverTime: str,  # noqa: N803 — eSMS's word
    sign: str,
) -> Response:
    """An SMS that somebody sent to a short code, signed by eSMS; nothing is said back by SMS."""
    if request.app.state.meter.wait("mo", RATE) > 0:
        raise Problem("too-fast", "too many of these came at once")
    sms = Incoming(cpid=cpid, sms_id=smsid, sender=sender, content=content, received=receiverTime, sign=sign)
    request.app.state.door.notifier.opt_outs.by_sms(sms)
    answer = f"<ClientResponse><Message></Message><Smsid>{escape(smsid)}</Smsid><Receiver></Receiver></ClientResponse>"
    return Response(answer, media_type="application/xml")


@router.get("/{secret}")
def called(
    request: Request,
    secret: str,
    sms: Annotated[str, Query(alias="SMSID")] = "",
    call: Annotated[str, Query(alias="ReferenceId")] = "",
) -> Response:
    """Ask about this SMSID now. The same answer whatever was known: nobody learns which ids there are."""
    url = request.app.state.settings.callback_url
    if url is None or not compare_digest(url.rsplit("/", 1)[1].encode(), secret.encode()):
        raise Problem("not-found", "there is no such address")
    if (sms_id := sms or call) and _usable(sms_id) and request.app.state.meter.wait("callbacks", RATE) == 0:
        request.app.state.door.notifier.callbacks.called(sms_id)
    return as_json({"status": "ok"})
