"""What is wrong with what a program sent, and what to do: each as errors say it in English, and in Vietnamese."""

from __future__ import annotations

import re
from functools import lru_cache

from worker.catalogue.reasons import pattern_of
from worker.catalogue.text import Language, Text

WRONG = (
    Text("is missing", "còn thiếu"),
    Text("is empty", "để trống"),
    Text("is no field of {kind}", "không phải là trường của {kind}"),
    Text("there is no such field", "không có trường này"),
    Text("there is no such kind", "không có loại này"),
    Text("there is no such SmsType", "không có SmsType này"),
    Text("there is no such right", "không có quyền này"),
    Text("is no JSON object", "không phải là một đối tượng JSON"),
    Text("is {type}, not text", "là {type}, không phải văn bản"),
    Text("is {type}, not a list", "là {type}, không phải danh sách"),
    Text("is {type}, not a truth value", "là {type}, không phải true hoặc false"),
    Text("is no date and time", "không phải ngày giờ"),
    Text("is no usable name", "không dùng làm tên được"),
    Text("is out of range", "nằm ngoài khoảng cho phép"),
    Text("is no whole number", "không phải số nguyên"),
    Text("is more than two years away", "cách hiện tại hơn hai năm"),
    Text("is more than a day ago", "đã qua hơn một ngày"),
    Text("is missing, or more than a day ago", "còn thiếu, hoặc đã qua hơn một ngày"),
    Text("has passed", "đã qua"),
    Text("is not after send_date", "không sau send_date"),
    Text("is not known", "không có giá trị này"),
    Text("{value} is not known", "không có giá trị {value}"),
    Text("names nobody", "không có người nhận nào"),
    Text("holds a character that no phone can show", "có ký tự mà điện thoại không hiển thị được"),
    Text("holds a NUL character (U+0000), which Postgres can't store", "có ký tự NUL (U+0000), không lưu được"),
    Text("makes {count} SMS of one", "dài thành {count} SMS"),
    Text("SmsType {type} needs one", "SmsType {type} cần có trường này"),
    Text("SmsType {type} has none", "SmsType {type} không có trường này"),
    Text("SmsType {type} takes no Unicode", "SmsType {type} không nhận Unicode"),
    Text("there is no date ahead to hand over", "không có ngày gửi nào ở phía trước để giao cho eSMS"),
    Text("line {number} names no number and no contact", "dòng {number} không có số điện thoại hay mã trong danh bạ"),
    Text("line {number} names several contacts", "dòng {number} là mã của nhiều người trong danh bạ"),
    Text("nothing is chosen", "chưa chọn gì"),
    Text("and a call are two", "và cuộc gọi là hai cách"),
    Text("is no calendar", "không phải tệp lịch"),
    Text("is an application's", "là của một ứng dụng"),
    Text("is somebody's already", "đã có người dùng"),
    Text("is the last admin", "là quản trị viên cuối cùng"),
    Text("is not that of the address", "không trùng với địa chỉ"),
    Text("names none", "không nêu mục nào"),
    Text("there is no {name}", "không có {name}"),
    # Numbers...
    Text("the number is not text", "số điện thoại không phải văn bản"),
    Text("the number is empty", "số điện thoại để trống"),
    Text("the number is longer than {most} characters", "số điện thoại dài hơn {most} ký tự"),
    Text("the number was rounded by a spreadsheet", "số điện thoại đã bị bảng tính làm tròn"),
    Text("the number holds letters", "số điện thoại có chữ cái"),
    Text("the number holds {what}", "số điện thoại có {what}"),
    Text("the number begins with a 0 where the country belongs", "số điện thoại có số 0 ở chỗ của mã nước"),
    Text("the number is of another country than Vietnam", "số điện thoại không thuộc Việt Nam"),
    Text("it is a service number", "đây là số tổng đài"),
    Text("it is a landline, which takes no SMS", "đây là số máy bàn, không nhận SMS"),
    Text(
        "it has {count} digits after the leading 0 or +84, where a mobile number has 9",
        "có {count} chữ số sau số 0 hoặc +84 ở đầu, trong khi số di động có 9",
    ),
    Text("no Vietnamese number begins like this", "không số nào ở Việt Nam bắt đầu như vậy"),
)
TO_DO = (
    Text("use {words}", "hãy dùng {words}"),
    Text("use one of {words}", "hãy dùng một trong {words}"),
    Text("choose from {words}", "hãy chọn trong {words}"),
    Text("did you mean {near}? use {words}", "có phải ý bạn là {near}? Hãy dùng {words}"),
    Text("did you mean {near}? choose from {words}", "có phải ý bạn là {near}? Hãy chọn trong {words}"),
    Text("did you mean {near}?", "có phải ý bạn là {near}?"),
    Text("{kind} needs it", "{kind} cần có trường này"),
    Text("give it as text", "hãy ghi dưới dạng văn bản"),
    Text('give the number as text, like "0901 234 567"', 'hãy ghi số dưới dạng văn bản, như "0901 234 567"'),
    Text("give the text to send", "hãy ghi nội dung cần gửi"),
    Text("give a list of texts", "hãy đưa một danh sách văn bản"),
    Text("give true or false", "hãy ghi true hoặc false"),
    Text("give one above 0", "hãy ghi số lớn hơn 0"),
    Text("give a whole number above 0", "hãy ghi số nguyên lớn hơn 0"),
    Text("give a whole number from 0 to {most}", "hãy ghi số nguyên từ 0 đến {most}"),
    Text("give a phone number, or a list of them", "hãy ghi một số điện thoại, hoặc danh sách số"),
    Text("give one phone number for each recipient", "mỗi người nhận ghi một số điện thoại"),
    Text("give a person's mobile number or landline", "hãy ghi số di động hoặc máy bàn của một người"),
    Text("give a mobile number, or make a call instead", "hãy ghi số di động, hoặc gọi điện thay vì nhắn tin"),
    Text("give a date in the future, or leave it out", "hãy ghi ngày ở tương lai, hoặc bỏ trường này"),
    Text("give a later one, or leave it out", "hãy ghi ngày muộn hơn, hoặc bỏ trường này"),
    Text("give the date to send at", "hãy ghi ngày cần gửi"),
    Text("give a send_date in the future", "hãy ghi send_date ở tương lai"),
    Text(
        "begin it with a phone number, or with a contact's key",
        "hãy bắt đầu bằng số điện thoại, hoặc mã của người trong danh bạ",
    ),
    Text("choose a calendar as .ics, in UTF-8", "hãy chọn tệp lịch .ics, mã UTF-8"),
    Text("give a campaign, a code or older_than", "hãy điền chiến dịch, mã hoặc thời gian"),
    Text("give one of them", "hãy chọn một"),
    Text("change it there", "hãy sửa ở ứng dụng đó"),
    Text("choose another, or see `esms-worker users list`", "hãy chọn tên khác"),
    Text("make somebody else an admin first", "hãy cho người khác vai trò quản trị trước"),
    Text("leave it out to send now", "hãy bỏ trường này để gửi ngay"),
    Text("leave it out", "hãy bỏ trường này"),
    Text("leave the field out", "hãy bỏ trường này"),
    Text("take it out", "hãy bỏ ký tự đó"),
    Text("shorten it", "hãy rút ngắn"),
    Text("shorten it to {most} at most", "hãy rút ngắn còn nhiều nhất {most}"),
    Text("check the year", "hãy kiểm tra năm"),
    Text("send one, like {example}", "hãy gửi một đối tượng, như {example}"),
    Text("write it like {example}", "hãy viết như {example}"),
    Text("write it with digits, like {example}", "hãy viết bằng chữ số, như {example}"),
    Text("write it with +84 or with one 0", "hãy viết với +84 hoặc một số 0"),
    Text("write it without", "hãy viết không có phần đó"),
    Text("look for missing or doubled digits", "hãy xem có thiếu hoặc thừa chữ số không"),
    Text("look for a mistake in the first digits", "hãy xem lại những chữ số đầu"),
    Text("eSMS reaches numbers of +84 only", "eSMS chỉ gửi được đến số +84"),
    Text(
        "give up to {most} printable characters, no spaces around them",
        "hãy ghi nhiều nhất {most} ký tự in được, không có dấu cách ở hai đầu",
    ),
    Text("format its column as text and enter it again", "hãy định dạng cột là văn bản rồi nhập lại"),
    Text("name your brandname, or set ESMS_BRANDNAME", "hãy ghi brandname, hoặc đặt ESMS_BRANDNAME"),
    Text("use a new reference, or send the same content", "hãy dùng mã tham chiếu mới, hoặc gửi cùng nội dung"),
    Text("try again later", "hãy thử lại sau"),
    Text("try again", "hãy thử lại"),
    Text("check its spelling", "hãy kiểm tra lại cách viết"),
)
# Of the door itself.
WHOLE = (
    Text("it is no JSON: {why}", "không phải JSON: {why}"),
    Text("it is nested more than {most} deep", "lồng nhau quá {most} tầng"),
    Text("it is no JSON object: send one, like {example}", "không phải một đối tượng JSON: hãy gửi như {example}"),
    Text("messages is a list, and atomic true or false", "messages là một danh sách, atomic là true hoặc false"),
    Text("holds {count}: send 1 to {most} at once", "có {count} mục: mỗi lần gửi từ 1 đến {most}"),
    Text("give reference or to", "hãy ghi reference hoặc to"),
    Text(
        "none was stored: mend these, or leave atomic out",
        "chưa lưu tin nào: hãy sửa những tin này, hoặc bỏ atomic",
    ),
    Text("send it within {seconds} seconds", "hãy gửi xong trong {seconds} giây"),
    Text("send at most {size} MB at once", "mỗi lần gửi nhiều nhất {size} MB"),
    Text(
        "send `Authorization: Bearer esw_…` with a token of `esms-worker tokens add`",
        "hãy gửi `Authorization: Bearer esw_…` với mã truy cập của `esms-worker tokens add`",
    ),
    Text(
        "{name} may send {rate} requests a second: try again later",
        "{name} được gửi {rate} yêu cầu mỗi giây: hãy thử lại sau",
    ),
    Text("it needs the right {right}: {command}", "cần có quyền {right}: {command}"),
    Text(
        "this token is of the source {source}: leave the field out",
        "mã truy cập này thuộc nguồn {source}: hãy bỏ trường này",
    ),
    Text(
        "it is another source's, or of all sources: it takes a token of all sources",
        "mục này của nguồn khác, hoặc của mọi nguồn: cần mã truy cập của mọi nguồn",
    ),
    Text("reminders are told with a token of all sources", "phần nhắc hẹn cần mã truy cập của mọi nguồn"),
    Text("there is no such address", "không có địa chỉ này"),
    Text("it is in the server's log", "xem nhật ký của máy chủ"),
    Text(
        "reference: {reference} of source {source} already stands for a notification with another content: "
        "use a new reference, or send the same content",
        "reference: {reference} của nguồn {source} đã dùng cho một tin có nội dung khác: hãy dùng mã tham chiếu mới, "
        "hoặc gửi cùng nội dung",
    ),
    Text("no notification has the id {rest}", "không có tin nào mang mã {rest}"),
    Text("no message has the campaign {name}: check its spelling", "không có chiến dịch {name}: hãy xem lại cách viết"),
    Text(
        "no message has the campaign {name}: did you mean {near}?",
        "không có chiến dịch {name}: có phải ý bạn là {near}?",
    ),
)


def in_vietnamese(told: str) -> str:
    """What an error says, `what is wrong: what to do`; as it stands where nobody knows it."""
    for place in (found.start() for found in re.finditer(": ", told)):
        wrong, remedy = _said(told[:place], WRONG), _said(told[place + 2 :], TO_DO)
        if wrong and remedy:
            return f"{wrong}: {remedy}"
    return _said(told, WHOLE) or told


def _said(told: str, texts: tuple[Text, ...]) -> str | None:
    for each, pattern in _patterns(texts):
        if (found := pattern.fullmatch(told)) is not None:
            return each.say(Language.VI, **found.groupdict())
    return None


@lru_cache(maxsize=3)
def _patterns(texts: tuple[Text, ...]) -> list[tuple[Text, re.Pattern[str]]]:
    """Those without gaps first: `use {words}` says less than `use a new reference`."""
    ordered = sorted(texts, key=lambda each: (each.en.count("{"), -len(each.en)))
    return [(each, pattern_of(each.en)) for each in ordered]
