"""One request's row in plain words: what was asked, what eSMS said, what came of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.catalogue import Language, Text, codes
from worker.catalogue import story as say

if TYPE_CHECKING:
    from worker.reporting.story.reading import AnyRow

ASKED: dict[str, Text] = {
    "SendMultipleMessage_V4_get": say.SENT,
    "MakeCallTemplate_V2": say.CALLED,
    "MakeCallRecord_V2": say.CALLED,
    "GetSendStatus": say.POLLED,
    "GetSmsReceiverStatus_get": say.POLLED,
    "GetSmsSentData": say.LOOKED,
}
TAKEN = "100"


def answer_of(request: AnyRow, language: Language) -> str:
    """A request and its answer as one sentence."""
    asked = ASKED.get(request.function)
    parts = [_said(request, language), say.outcome(request.outcome, language)]
    what = asked.say(language) if asked else request.function
    return f"{what}: {'; '.join(filter(None, parts))}"


def _said(request: AnyRow, language: Language) -> str:
    """The code, where it tells more than that all went well; or that there was none."""
    if request.code:
        return "" if request.code == TAKEN else _code(request, language)
    if request.http_status is None:
        return say.NO_ANSWER.say(language)
    return say.HTTP.say(language, status=request.http_status) if request.http_status >= 300 else ""


def _code(request: AnyRow, language: Language) -> str:
    meaning = codes.meaning(request.function, request.code)
    if meaning is None:
        return say.CODE_UNKNOWN.say(language, code=request.code)
    return say.CODE.say(language, code=request.code, meaning=meaning.say(language))
