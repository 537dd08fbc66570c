"""Reasons why a rule or an event has no reminder for somebody on a day, as `reminders why` tells them."""

from __future__ import annotations

from worker.catalogue.reasons.row import Reason, reason
from worker.catalogue.statuses import MEANINGS
from worker.catalogue.text import Text
from worker.lifecycle import Status

DAYS = (  # that a rule may go by
    Text("birthday", "ngày sinh"),
    Text("lunar birthday", "ngày sinh âm lịch"),
    Text("day of death", "ngày mất"),
    Text("lunar day of death", "ngày giỗ âm lịch"),
)

REMINDERS: tuple[Reason, ...] = (
    reason("opted out", "đã từ chối nhận tin"),
    reason("has died: no birthday wish", "đã mất: không gửi lời chúc sinh nhật"),
    reason(
        "was born only now: the first birthday is next year's",
        "mới sinh năm nay: sang năm mới là sinh nhật đầu tiên",
    ),
    reason("there is no such contact", "không có người này trong danh bạ"),
    reason(
        "no contact has this number: rules go by contacts", "không ai trong danh bạ có số này: quy tắc đi theo danh bạ"
    ),
    reason("there is no template {name}", "không có mẫu tin {name}"),
    reason(
        "the rule is for contacts of source {wanted}, this one is of {source}",
        "quy tắc chỉ dành cho danh bạ của nguồn {wanted}, người này thuộc nguồn {source}",
    ),
    reason(
        "the rule is for contacts tagged {tags}, this one is not",
        "quy tắc chỉ dành cho người có nhãn {tags}, người này không có",
    ),
    *(reason(f"the contact has no {day.en}", f"danh bạ không ghi {day.vi} của người này") for day in DAYS),
    *(
        reason(
            f"it is not their day: their {day.en} is {{date}}",
            f"hôm đó không phải ngày của người này ({day.vi}: {{date}})",
        )
        for day in DAYS
    ),
    *(
        reason(
            f"it is not their day: their {day.en} is {{date}} of the leap month",
            f"hôm đó không phải ngày của người này ({day.vi}: {{date}} nhuận)",
        )
        for day in DAYS
    ),
    reason("the rule is paused", "quy tắc đang tạm dừng"),
    reason(
        "it was due and has not been made: is beat running?",
        "đã đến giờ mà chưa được tạo: bộ hẹn giờ (beat) có đang chạy không?",
    ),
    reason("it is still to come", "chưa đến lúc"),
    reason("the rule was added after that", "quy tắc được thêm vào sau đó"),
    reason("the contact was added after it had been made", "người này được thêm vào danh bạ sau khi đã tạo lời nhắc"),
    reason(
        "when it was made, the rule or the contact was another: the one tagged, dated or opted out otherwise",
        "lúc tạo, quy tắc hoặc danh bạ khác bây giờ: nhãn, ngày hoặc việc từ chối nhận tin khi đó khác",
    ),
    reason("the person was not invited then", "lúc đó người này chưa được mời"),
    reason("its message is no longer on record", "tin của lần nhắc này không còn được lưu"),
    reason("called back: {cause}", "đã gọi lại: {cause}"),
    reason("skipped: {cause}", "đã bỏ qua: {cause}"),
    reason("it has nothing for this day", "không có gì cho ngày này"),
    reason("it has nothing for this day, and is due next later", "không có gì cho ngày này, lần tới sẽ sau đó"),
    *(reason(f"{status}: {MEANINGS[status].en}", MEANINGS[status].vi) for status in Status),
)
