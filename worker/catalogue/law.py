"""What a sending rule would do to messages, in a line: before they are handed over, and as things stand."""

from __future__ import annotations

from datetime import tzinfo

from worker.catalogue.text import Language, Text, moment, number
from worker.law.outlook import WITHDRAWN, RuleOutlook
from worker.law.rules import Mode

_DOES = {
    Mode.WARN: Text("{rule} warns of {count}: they go out all the same", "{rule} cảnh báo {count} tin: vẫn được gửi"),
    Mode.HOLD: Text("{rule} has {count} wait{until}", "{rule} giữ lại {count} tin{until}"),
    Mode.REFUSE: Text(
        "{rule}: {count} are cancelled when their turn comes", "{rule}: {count} tin sẽ bị hủy khi đến lượt"
    ),
}
_UNTIL = Text(", until {at} at the latest", ", chậm nhất đến {at}")
_WITHDRAWN = Text("consent withdrawn", "người nhận đã rút lại sự đồng ý")


def rule_said(outlook: RuleOutlook, language: Language, zone: tzinfo) -> str:
    """As things stand; a note, no promise."""
    rule = _WITHDRAWN.say(language) if outlook.rule == WITHDRAWN else outlook.rule
    at = outlook.until and moment(outlook.until, zone, language)
    until = _UNTIL.say(language, at=at) if at else ""
    return _DOES[outlook.does].say(language, rule=rule, count=number(outlook.messages, language), until=until)
