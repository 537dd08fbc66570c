"""What stands in the place of a text or a number that is kept no longer: when it was removed, and who said so."""

from __future__ import annotations

from datetime import datetime, tzinfo

from worker.catalogue.text import Language, Text, moment
from worker.lifecycle import ASKED

TEXT = Text("the text was removed", "nội dung đã được xóa")
NUMBER = Text("the number was removed", "số điện thoại đã được xóa")
BY_SETTING = Text(
    "{what} on {date} by the setting {setting}: it can't be sent again",
    "{what} ngày {date} theo cài đặt {setting}: không gửi lại được nữa",
)
BY_PERSON = Text(
    "{what} on {date} since the person whose it is asked for it: it can't be sent again",
    "{what} ngày {date} theo yêu cầu của chính người đó: không gửi lại được nữa",
)
TO_COME = Text(
    "the recipient asked to be forgotten: it is not sent again, and the number is removed a day after it has ended",
    "người nhận yêu cầu xóa dữ liệu: không gửi lại nữa, và số điện thoại được xóa một ngày sau khi tin kết thúc",
)


def removed(what: Text, at: datetime, by: str | None, language: Language, zone: tzinfo) -> str:
    """One sentence. by: as it is stored in the row."""
    told, date = what.say(language), moment(at, zone, language)
    if by == ASKED:
        return BY_PERSON.say(language, what=told, date=date)
    return BY_SETTING.say(language, what=told, date=date, setting=by)
