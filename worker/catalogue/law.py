"""A sending rule in words: what it asks for, where that stands, and what it would do to messages."""

from __future__ import annotations

import re
from datetime import tzinfo

from worker.catalogue.text import Language, Text, moment, number
from worker.law.outlook import WITHDRAWN, RuleOutlook
from worker.law.rules import Check, Mode, Rule

_DOES = {
    Mode.WARN: Text("{rule} warns of {count}: they go out all the same", "{rule} cảnh báo {count} tin: vẫn được gửi"),
    Mode.HOLD: Text("{rule} has {count} wait{until}", "{rule} giữ lại {count} tin{until}"),
    Mode.REFUSE: Text(
        "{rule}: {count} are cancelled when their turn comes", "{rule}: {count} tin sẽ bị hủy khi đến lượt"
    ),
}
_UNTIL = Text(", until {at} at the latest", ", chậm nhất đến {at}")
_WITHDRAWN = Text("consent withdrawn", "người nhận đã rút lại sự đồng ý")

_ASKS = {
    Check.HOURS: Text("from {from} to {to}", "từ {from} đến {to}"),
    Check.COUNT: Text("at most {most} to a number in {hours} hours", "tối đa {most} tin mỗi số trong {hours} giờ"),
    Check.LABEL: Text("a label first", "nhãn ở đầu tin"),
    Check.REFUSAL: Text("how to refuse, at the end", "cách từ chối ở cuối tin"),
    Check.SENDER: Text("a registered brandname", "tên định danh đã đăng ký"),
    Check.REGISTER: Text("not in the Do-Not-Call register", "không nằm trong danh sách không quảng cáo"),
    Check.CONSENT: Text("consent beforehand", "đồng ý trước"),
}
_SAID_WHOLE = {Check.HOURS, Check.COUNT}

# The patterns that an installation begins with, for who reads no patterns.
_PATTERNS = {
    r"^\s*\[(QC|AD)\]": Text("[QC] or [AD]", "[QC] hoặc [AD]"),
    r"(t[uừ] ?ch[oố]i|h[uủ]y|\WTC\W).{0,80}$": Text(
        "like “Tu choi, soan TC gui 8xxx”", "như “Tu choi, soan TC gui 8xxx”"
    ),
}
_TYPES = Text("SmsType {types}", "loại tin {types}")

# Of the sources that an installation begins with: these are our words, and not the law's.
_OURS = "; found in summaries, a lawyer must check it"
_IN_VIETNAMESE = {
    _OURS: "; lấy từ bản tóm tắt, cần luật sư kiểm tra",
    "Decree ": "Nghị định ",
    "Law ": "Luật ",
    "art. ": "Điều ",
    "registered brandnames": "tên định danh đã đăng ký",
}
_in_english = re.compile("|".join(map(re.escape, _IN_VIETNAMESE)))


def asks_said(rule: Rule, language: Language) -> str:
    """What it asks for, in words."""
    return _ASKS[rule.check].say(language, **rule.parameters)


def codes_of(rule: Rule) -> list[str]:
    """What the words do not tell: patterns, SmsTypes."""
    told = {} if rule.check in _SAID_WHOLE else rule.parameters
    return [f"{name} {value}" for name, value in told.items()]


def parameters_said(rule: Rule, language: Language) -> str:
    """The same in words; empty where it takes a pattern of somebody's own to say it."""
    if rule.check is Check.SENDER and set(rule.parameters) == {"sms_types"}:
        return _TYPES.say(language, types=", ".join(map(str, rule.parameters["sms_types"])))
    pattern = rule.parameters.get("pattern")
    return _PATTERNS[pattern].say(language) if pattern in _PATTERNS else ""


def source_said(source: str, language: Language) -> str:
    """Where a rule stands; what somebody wrote is left as it is."""
    if language is not Language.VI or not source.endswith(_OURS):
        return source
    return _in_english.sub(lambda found: _IN_VIETNAMESE[found[0]], source)


def rule_said(outlook: RuleOutlook, language: Language, zone: tzinfo) -> str:
    """What a rule would do as things stand, in words; a note, no promise."""
    rule = _WITHDRAWN.say(language) if outlook.rule == WITHDRAWN else outlook.rule
    at = outlook.until and moment(outlook.until, zone, language)
    until = _UNTIL.say(language, at=at) if at else ""
    return _DOES[outlook.does].say(language, rule=rule, count=number(outlook.messages, language), until=until)
